// A symbol that is pointed at lights up wherever it stands on the page: in sentences, in formulas and in pictures,
// which name theirs by data-symbol.
import { colorOf } from "./colors.js";
import { roots } from "./roots.js";

const NAMES = { x: "x", y: "y", z: "z", μ: "mu", σ: "sigma", ε: "eps", x̂: "x-hat" };
const FOUND = /(?<!\p{L})(?:x̂|[xyzμσε](?!\u0302))(?!\p{L})/gu;
const COLORED = '.katex [style*="color"]';
const HIGHLIGHT = "symbol"; // ::highlight(symbol) in assets/style.css and lab.css

/** Watches over the pointer and the focus, from now on; once a visit. root: of a component, which has the colours. */
export function lightSymbols(root) {
  if (globalThis.aeVaeLabLights) return;
  globalThis.aeVaeLabLights = new Lights(root);
}

class Lights {
  constructor(root) {
    this.lit = null;
    const probe = document.createElement("span");
    root.append(probe);
    const entries = Object.values(NAMES).map((name) => {
      probe.style.color = colorOf(root, name);
      return [getComputedStyle(probe).color, name];
    });
    this.byColor = new Map(entries);
    probe.remove();
    document.addEventListener("pointermove", (event) => this.point(event), { passive: true });
    document.addEventListener("keyup", (event) => this.light(named(event))); // where the focus is by now
  }

  point(event) {
    if (event.pointerType === "touch") return;
    this.light(this.symbolAt(event));
  }

  symbolAt(event) {
    const target = event.composedPath()[0];
    if (!target.closest || target.matches("canvas")) return null;
    const written = target.closest("em, i");
    if (written) return under(event, written);
    if (target.closest(".katex")) return this.inFormula(event);
    return named(event);
  }

  /** Parts of a formula lie over each other. */
  inFormula({ clientX, clientY }) {
    const part = document.elementsFromPoint(clientX, clientY).find((one) => one.matches(COLORED));
    return part ? this.colored(part) : null;
  }

  colored(part) {
    return part && this.byColor.get(getComputedStyle(part).color);
  }

  light(symbol) {
    if (!symbol && !this.lit) return;
    if (symbol === this.lit) return;
    this.lit = symbol;
    const ranges = [];
    for (const root of roots()) {
      for (const part of root.querySelectorAll("[data-symbol]")) mark(part, part.dataset.symbol === symbol);
      for (const part of root.querySelectorAll(COLORED)) mark(part, symbol && this.colored(part) === symbol);
      for (const written of root.querySelectorAll("em, i")) {
        const own = symbol ? symbolsIn(written).filter(({ name }) => name === symbol) : [];
        if (globalThis.CSS?.highlights) ranges.push(...own.map(({ range }) => range));
        else mark(written, own.length);
      }
    }
    if (globalThis.CSS?.highlights) CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
  }
}

function mark(part, isLit) {
  part.toggleAttribute("data-lit", Boolean(isLit));
}

/** The symbol of a picture's part. */
function named(event) {
  return event.composedPath()[0].closest?.("[data-symbol]")?.dataset.symbol ?? null;
}

/** The symbol of a text that lies under the pointer. */
function under({ clientX, clientY }, written) {
  const isThere = ({ left, right, top, bottom }) =>
    left <= clientX && clientX <= right && top <= clientY && clientY <= bottom;
  const found = symbolsIn(written).find(({ range }) => [...range.getClientRects()].some(isThere));
  return found?.name ?? null;
}

/** The symbols in a text, each with its range. */
function symbolsIn(written) {
  const walk = document.createTreeWalker(written, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const { currentNode: text } = walk;
    for (const match of text.data.matchAll(FOUND)) {
      const range = document.createRange();
      range.setStart(text, match.index);
      range.setEnd(text, match.index + match[0].length);
      found.push({ name: NAMES[match[0]], range });
    }
  }
  return found;
}
