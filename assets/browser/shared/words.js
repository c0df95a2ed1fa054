// Numbers for people.

/** 1.234 -> "1.23", with a real minus sign. */
export function number(value) {
  return value.toFixed(2).replace("-", "−");
}

/** 0.0123 -> "0.0123", 1.2e-30 -> "1.2·10⁻³⁰": so many significant figures, and words for what is no number. */
export function inFigures(value, figures = 3) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "minus infinite";
  const rounded = +value.toPrecision(figures);
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < 1e5)) return String(rounded).replace("-", "−");
  const [digits, power] = rounded.toExponential().replace("+", "").split("e");
  const raised = power.replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
  return `${digits}·10${raised}`.replace("-", "−");
}

/** -> "(1.23, −0.50)", the first numbers of a code. */
export function inWords(code, most = 4) {
  return `(${Array.from(code.slice(0, most), number).join(", ")}${code.length > most ? ", …" : ""})`;
}

/** 12 -> "₁₂" */
export function subscript(value) {
  return String(value).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}
