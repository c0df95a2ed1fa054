// Numbers for people.

/** 1.234 -> "1.23", with a real minus sign. */
export function number(value) {
  return value.toFixed(2).replace("-", "−");
}

/** -> "(1.23, −0.50)", the first numbers of a code. */
export function inWords(code, most = 4) {
  return `(${Array.from(code.slice(0, most), number).join(", ")}${code.length > most ? ", …" : ""})`;
}

/** 12 -> "₁₂" */
export function subscript(value) {
  return String(value).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}
