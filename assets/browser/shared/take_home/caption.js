// What stands below a picture that somebody takes home, and on what it is drawn.

export const MARGIN = 12; // around a picture, CSS pixels
const LEAST = 320; // CSS pixels of a caption's lines
const LINE = 17; // CSS pixels from one line to the next
const FONT = "sans-serif";
const SIZES = { title: 14, settings: 12, address: 12 };
const WORDS = 7; // of a title in a file's name
const UNTIL_SAVED = 60_000; // milliseconds

/** The page's own colours: {paper, ink}. */
export function pageColors() {
  const { backgroundColor, color } = getComputedStyle(document.querySelector(".stApp") ?? document.body);
  return { paper: backgroundColor === "rgba(0, 0, 0, 0)" ? "#fff" : backgroundColor, ink: color };
}

/** What is on show, in words, as the page's fold says it, and where: {settings, address, run}. */
export function captionNow() {
  const said = (tag) => [...document.querySelectorAll(`details.take-home ${tag}`)];
  const settings = said("strong")
    .map(({ textContent }) => textContent)
    .join("; ");
  const runs = said("a").map(({ href }) => href.match(/\/take_home\/([^/]+)\//)?.[1]);
  return { settings, address: window.location.href, run: runs.filter(Boolean).at(-1) ?? "" };
}

/** A caption's lines for a picture so wide, {lines: [{text, font, size, weight, y}], width, height}, CSS pixels. */
export function layOut({ title, settings, address }, width) {
  const wide = Math.max(width, LEAST);
  const brush = document.createElement("canvas").getContext("2d");
  const lines = [];
  for (const [name, words] of Object.entries({ title, settings, address })) {
    const size = SIZES[name];
    const weight = name === "title" ? "bold" : "normal";
    const font = `${weight} ${size}px ${FONT}`;
    brush.font = font;
    const fits = (text) => brush.measureText(text).width <= wide;
    for (const text of broken(words, fits)) lines.push({ text, font, size, weight, y: LINE * (lines.length + 1) });
  }
  return { lines, width: wide, height: LINE * (lines.length + 0.5) };
}

/** Words in lines that fit, broken at spaces, or anywhere in a word that is too long by itself. */
function broken(words, fits) {
  const lines = [""];
  for (const word of words.split(/\s+/).filter(Boolean)) {
    const joined = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (fits(joined)) {
      lines[lines.length - 1] = joined;
      continue;
    }
    if (lines.at(-1)) lines.push("");
    for (const letter of word) {
      if (!fits(lines.at(-1) + letter)) lines.push("");
      lines[lines.length - 1] += letter;
    }
  }
  return lines.filter(Boolean);
}

/** A file's name: the page, the run on show where there is one, and the picture, in small letters and hyphens. */
export function fileName({ title, address, run }, ending) {
  const page = new URL(address).pathname.slice(new URL(globalThis.aeVaeLabRoot ?? "/", address).pathname.length);
  const words = title.toLowerCase().replace("μ", "mu").replace("ε", "eps").replace("σ", "sigma").replace("β", "beta");
  const short = words
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
    .slice(0, WORDS)
    .join("-");
  const parts = [page.replaceAll("/", "").replaceAll("_", "-") || "home", run, short].filter(Boolean);
  return `${parts.join("-")}.${ending}`;
}

/** Has the browser save a Blob as a file. */
export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), UNTIL_SAVED);
}
