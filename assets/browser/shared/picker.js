// The one way in which a digit is chosen, on every page: a test digit by its number, its class, at random or among the
// hard ones; a drawing of one's own, with mouse or finger; or a picture from a file.
import { centreDigit } from "./centre.js";
import { PIXELS, paintDigit, SIDE } from "./digit.js";
import { element } from "./element.js";
import { readPicture } from "./upload.js";

const PAPER = 280; // pixels a side of the sheet that is drawn on
const PEN = 22; // pixels
const OWN = "own-";
export const EMPTY = OWN + "A".repeat(523); // a sheet with nothing on it
export const FIRST = "218"; // the test digit that every page begins with: another draw of its z is seen

const MARKUP = `
  <div class="sheet">
    <canvas class="paper" width="${PAPER}" height="${PAPER}" role="img"></canvas>
    <canvas class="seen digit" width="${SIDE}" height="${SIDE}" role="img"
      aria-label="the digit as the networks see it"></canvas>
  </div>
  <div class="choices">
    <p class="name" role="status"></p>
    <div class="classes" role="group" aria-label="the next test digit of a class"></div>
    <div class="row">
      <label>Test digit <input type="number" class="index" min="0" step="1" inputmode="numeric"></label>
      <button type="button" class="random">Random</button>
      <button type="button" class="hard" title="test digits that the VAE reconstructs worst">A hard one</button>
    </div>
    <div class="row">
      <button type="button" class="clear">Draw your own</button>
      <label class="button">Picture … <input type="file" accept="image/png,image/jpeg"></label>
    </div>
    <p class="complaint" role="alert"></p>
  </div>`;

export class Picker {
  /**
   * place: where it goes; pick(x, name): called with pixels and what the address calls them, also while one draws;
   * empty(): called when somebody takes an empty sheet, for those to whom it means something.
   */
  constructor(place, pick, empty = () => {}) {
    Object.assign(this, { pick, digits: null, hard: [] });
    place.classList.add("picker");
    place.innerHTML = MARKUP;
    const find = (query) => place.querySelector(query);
    for (const part of ["paper", "seen", "name", "index", "complaint"]) this[part] = find(`.${part}`);
    for (let label = 0; label < 10; label++) {
      const button = element("button", { type: "button" }, String(label));
      button.addEventListener("click", () => this.next((index) => this.digits.labels[index] === label));
      find(".classes").append(button);
    }
    find(".random").addEventListener("click", () => this.choose(Math.floor(Math.random() * this.digits.length)));
    find(".hard").addEventListener("click", () => {
      this.choose(this.hard[(this.hard.indexOf(this.chosen) + 1) % this.hard.length]);
    });
    find(".clear").addEventListener("click", () => {
      this.clear();
      empty();
    });
    this.index.addEventListener("change", () => this.typed());
    find("input[type=file]").addEventListener("change", (event) => this.read(event.target));
    this.listen();
  }

  /** digits: TestDigits; hard: the numbers of some; name: what an address names, a number, or `own-` and its pixels. */
  async open(digits, hard, name) {
    Object.assign(this, { digits, hard });
    this.index.max = digits.length - 1;
    if (name.startsWith(OWN)) return this.show(decodePixels(name.slice(OWN.length)), name);
    await digits.fetch(Number(name));
    this.chosen = Number(name);
    this.show(digits.pixels(this.chosen), name);
  }

  /** A test digit by its number, shown as soon as it is here. */
  async choose(index) {
    this.chosen = index;
    try {
      if (!this.digits.has(index)) await this.digits.fetch(index);
    } catch (error) {
      return this.complain(error.message);
    }
    if (this.chosen === index) this.show(this.digits.pixels(index), String(index)); // nothing else was chosen meanwhile
  }

  next(fits) {
    const count = this.digits.length;
    const start = this.chosen ?? -1;
    for (let step = 1; step <= count; step++)
      if (fits((start + step + count) % count)) return this.choose((start + step + count) % count);
  }

  typed() {
    const index = Number(this.index.value);
    const last = this.digits.length - 1;
    if (Number.isInteger(index) && index >= 0 && index <= last && this.index.value !== "") this.choose(index);
    else
      this.complain(
        `Test digit ${this.index.value || "(nothing)"}: ` +
          `a whole number from 0 to ${last.toLocaleString("en")} is needed.`,
      );
  }

  async read(input) {
    const [file] = input.files;
    if (!file) return;
    try {
      this.own(centreDigit(await readPicture(file)));
    } catch (error) {
      this.complain(error.message);
    }
    input.value = ""; // so that the same file can be chosen again
  }

  /** Takes a digit that is not of the test set, in the 16 levels that a link carries; null is an empty sheet. */
  own(x, keepsPaper = false) {
    this.chosen = undefined;
    if (!x) return;
    const pixels = encodePixels(x);
    this.show(decodePixels(pixels), OWN + pixels, keepsPaper);
  }

  show(x, name, keepsPaper = false) {
    this.complaint.textContent = "";
    const isOwn = name.startsWith(OWN);
    this.name.textContent = isOwn
      ? "Your own digit"
      : `Test digit ${Number(name).toLocaleString("en")}, labelled ${this.digits.labels[Number(name)]}`;
    this.index.value = isOwn ? "" : name;
    this.paper.setAttribute("aria-label", `${this.name.textContent}; draw here with mouse or finger`);
    paintDigit(this.seen, x);
    if (!keepsPaper) {
      this.isDrawn = false;
      const brush = this.paper.getContext("2d");
      brush.imageSmoothingEnabled = false;
      brush.drawImage(this.seen, 0, 0, PAPER, PAPER);
    }
    this.pick(x, name);
  }

  complain(sentence) {
    this.complaint.textContent = sentence;
  }

  clear() {
    const brush = this.paper.getContext("2d");
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, PAPER, PAPER);
    paintDigit(this.seen, null);
    this.isDrawn = true;
    this.complaint.textContent = "";
    this.name.textContent = "Draw a digit on the black square";
  }

  listen() {
    let last = null;
    const here = (event) => {
      const box = this.paper.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * PAPER, ((event.clientY - box.top) / box.height) * PAPER];
    };
    this.paper.addEventListener("pointerdown", (event) => {
      this.paper.setPointerCapture(event.pointerId);
      if (!this.isDrawn) this.clear();
      last = here(event);
      this.stroke(last, last);
    });
    this.paper.addEventListener("pointermove", (event) => {
      if (!last) return;
      const now = here(event);
      this.stroke(last, now);
      last = now;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.paper.addEventListener(end, () => {
        last = null;
      });
    }
  }

  stroke(from, to) {
    const brush = this.paper.getContext("2d");
    Object.assign(brush, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    brush.beginPath();
    brush.moveTo(...from);
    brush.lineTo(...to);
    brush.stroke();
    const { data } = brush.getImageData(0, 0, PAPER, PAPER);
    this.own(
      centreDigit({
        width: PAPER,
        height: PAPER,
        grey: Float32Array.from({ length: PAPER * PAPER }, (_, i) => data[4 * i] / 255),
      }),
      true,
    );
  }
}

/** 784 pixels in 16 levels as text for an address. */
export function encodePixels(x) {
  const level = (value) => Math.round(value * 15);
  const bytes = Array.from({ length: PIXELS / 2 }, (_, i) =>
    String.fromCharCode(level(x[2 * i]) * 16 + level(x[2 * i + 1])),
  );
  return btoa(bytes.join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The 784 pixels of `encodePixels`. */
export function decodePixels(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Float32Array.from({ length: PIXELS }, (_, i) => ((bytes.charCodeAt(i >> 1) >> (i % 2 ? 0 : 4)) & 15) / 15);
}
