// Why the head says log sigma: the KL term as a valley over the head's output h, for three things that h can mean.
import { Address } from "../shared/address.js";
import { element } from "../shared/element.js";
import { mount } from "../shared/mount.js";
import { answer, HEADS } from "../shared/sigma_heads.js";
import { inFigures } from "../shared/words.js";
import { LOOKS, SigmaCurves } from "./sigma_curves.js";

const LARGEST = 200; // an h, as in pages/shared/address.py
const FIRST = 0.04; // close before the wall of the raw head
const FORMULAS = { raw: "σ = h", softplus: "σ = log(1 + eʰ)", log: "log σ = h" };
const TELLING = [1, 0.04]; // sigma at the start, and of a trained VAE
const FAILING = { raw: -0.01, softplus: -104, log: 45 };
const QUANTITIES = ["sigma", "logSigma", "kl", "gradient"];

export default (component) => mount(component, ".sigma-plane", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.curves = new SigmaCurves(this.find("canvas"), (h) => this.go(Math.min(Math.max(h, -LARGEST), LARGEST)));
    this.input = this.find("input");
    this.input.addEventListener("input", () => {
      if (this.isAllowed()) this.go(this.input.valueAsNumber);
    });
    this.input.addEventListener("paste", (event) => this.paste(event));
    this.input.addEventListener("change", () => {
      if (!this.isAllowed()) this.complain();
    });
    this.cells = {};
    for (const head of Object.keys(HEADS)) {
      this.find(".legend").append(element("span", {}, look(head), `${nameOf(head)}: ${FORMULAS[head]}`));
      this.cells[head] = QUANTITIES.map(() => element("td"));
      this.find(".answers tbody").append(element("tr", {}, heading(head), ...this.cells[head]));
      const places = [...TELLING.map((sigma) => +HEADS[head].at(sigma).toFixed(4)), FAILING[head]];
      const buttons = places.map((h) => element("td", {}, this.place(head, h)));
      this.find(".places tbody").append(element("tr", {}, heading(head), ...buttons));
    }
  }

  open(data) {
    this.address = new Address("sigma plane", data.given);
    this.go(Number(this.address.state.h ?? FIRST));
  }

  leave() {}

  /** The heart of it: another h, and everything says at once what becomes of it. */
  go(h) {
    this.h = +h.toFixed(9); // what the address can hold
    this.curves.show(this.h);
    const answers = Object.fromEntries(Object.keys(HEADS).map((head) => [head, answer(head, this.h)]));
    for (const [head, cells] of Object.entries(this.cells)) {
      for (const [column, name] of QUANTITIES.entries()) cells[column].textContent = inCell(name, answers[head]);
    }
    const fates = Object.entries(answers).map(([head, own]) => `${nameOf(head)}: ${fate(head, this.h, own)}`);
    this.find(".reading").textContent = `At h = ${inFigures(this.h, 5)}, ${fates.join("; ")}.`;
    this.curves.canvas.setAttribute("aria-valuenow", this.h);
    this.find(".complaint").textContent = "";
    if (!this.isAllowed() || this.input.valueAsNumber !== this.h) this.input.value = this.h;
    this.address.keep({ h: this.h === FIRST ? null : this.h.toFixed(9).replace(/\.?0+$/, "") });
  }

  /** A number as this page prints it, or with a decimal comma, which the browser would take for another one. */
  paste(event) {
    const text = event.clipboardData.getData("text").trim().replace("−", "-").replace(",", ".");
    if (text === "" || !Number.isFinite(Number(text))) return;
    event.preventDefault();
    this.input.value = text;
    this.input.dispatchEvent(new Event("input"));
  }

  isAllowed() {
    return Math.abs(this.input.valueAsNumber) <= LARGEST;
  }

  complain() {
    this.find(".complaint").textContent =
      `h is a number from −${LARGEST} to ${LARGEST}; what was typed is none, so h stays ${inFigures(this.h, 5)}.`;
  }

  /** A button that goes to an h which is telling for a head, and says how steep it is there. */
  place(head, h) {
    const gradient = element("small", {}, `gradient ${inCell("gradient", answer(head, h))}`);
    const words = element("span", {}, `h = ${inFigures(h, 5)}`, gradient);
    const button = element("button", { type: "button" }, words);
    button.addEventListener("click", () => this.go(h));
    return button;
  }
}

/** A quantity of an answer in words; what is infinite although sigma is not 0 has overflowed. */
function inCell(name, own) {
  const value = own[name];
  if (name === "sigma" && value < 0) return `${inFigures(value)}: no σ`;
  if (Math.abs(value) === Infinity && own.sigma > 0) return `overflows: ${inFigures(value)}`;
  return inFigures(name === "sigma" ? value : +value.toFixed(4)); // the other decimals are float32's rounding
}

/** What becomes of a head that gives this answer. */
function fate(head, h, own) {
  const { sigma, kl, gradient } = own;
  if (Number.isNaN(kl)) {
    return `σ = ${inFigures(sigma)} has no logarithm, so KL and gradient are not a number, and no step leads back`;
  }
  if (kl === Infinity && sigma === 0) {
    return `σ is 0${h === 0 ? "" : " in float32"}, so KL is infinite and the gradient ${inFigures(gradient)}`;
  }
  if (kl === Infinity) return "σ² is too large for float32, so KL and gradient are infinite";
  if (gradient === -Infinity) return "1/σ is too large for float32, so the gradient is minus infinite";
  return pull(head, own);
}

function pull(head, { sigma, gradient }) {
  const size = Math.abs(gradient);
  if (size < 0.05) return `at rest, the gradient is ${inFigures(+gradient.toFixed(4))}`;
  const strength = size < 2 ? "gentle" : size < 10 ? "strong" : "violent";
  const wall = head === "raw" && sigma < 1 ? `, with the wall ${inFigures(sigma)} away` : "";
  const zero = sigma === 0 ? ", although σ is 0 in float32" : "";
  const way = gradient < 0 ? "larger" : "smaller";
  return `a ${strength} pull to a ${way} σ, gradient ${inFigures(gradient)}${wall}${zero}`;
}

function nameOf(head) {
  return head === "log" ? "log σ" : head;
}

function heading(head) {
  return element("th", { scope: "row" }, look(head), nameOf(head));
}

/** How a head's curve looks. */
function look(head) {
  const { color, width, dashes } = LOOKS[head];
  const line = element("span", { className: "look" });
  line.style.borderTop = `${width}px ${dashes.length ? "dashed" : "solid"} var(--${color})`;
  return line;
}
