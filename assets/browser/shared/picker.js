// The one way in which a digit is chosen, on every page: a test digit by its number, its class, at random or among the
// hard ones; a drawing of one's own, with mouse, finger or keys; or a picture from a file.
import { centreDigit } from "./centre.js";
import { DIGITS, shortened } from "./class_names.js";
import { PIXELS, paintDigit, SIDE } from "./digit.js";
import { element } from "./element.js";
import { fetchParcel } from "./parcels.js";
import { KEYS, Sheet } from "./sheet.js";
import { readPicture } from "./upload.js";

const OWN = "own-";
const LONGEST = 10; // letters of a class on its button
export const EMPTY = OWN + "A".repeat(523); // a sheet with nothing on it

// Without HEIC among these an iPhone sends its pictures as JPEG.
const ACCEPTED = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map((type) => `image/${type}`).join();

const MARKUP = `
  <div class="sheet">
    <canvas class="paper" role="application" aria-roledescription="drawing sheet"></canvas>
    <canvas class="seen digit" width="${SIDE}" height="${SIDE}" role="img"
      aria-label="the digit as the networks see it"></canvas>
  </div>
  <div class="question" role="group" aria-label="Is this your digit?" hidden>
    <canvas class="asked digit" width="${SIDE}" height="${SIDE}" role="img"
      aria-label="the digit that was read from the picture"></canvas>
    <p class="ask"></p>
    <div class="row">
      <button type="button" class="main yes">Yes</button>
      <button type="button" class="no">No, another picture</button>
    </div>
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
      <button type="button" class="clear"></button>
      <button type="button" class="undo" hidden>Undo</button>
      <label class="button">Upload a photo <input type="file" accept="${ACCEPTED}"></label>
    </div>
    <div class="row collect" hidden>
      <button type="button">Collect</button>
    </div>
    <p class="keys" role="status"></p>
    <p class="complaint" role="alert"></p>
  </div>`;

export class Picker {
  /**
   * place: where it goes; pick(x, name): called with pixels and what the address calls them, also while one draws;
   * empty(): called when somebody takes an empty sheet, for those to whom it means something.
   */
  constructor(place, pick, empty = () => {}) {
    Object.assign(this, { pick, empty, digits: null, hard: "" });
    place.classList.add("picker");
    place.innerHTML = MARKUP;
    const find = (query) => place.querySelector(query);
    this.collect = find(".collect");
    this.collect.firstElementChild.addEventListener("click", () => this.startCollecting());
    for (const part of ["paper", "seen", "name", "index", "complaint", "question", "asked", "ask", "keys"])
      this[part] = find(`.${part}`);
    this.classes = find(".classes");
    this.offerClasses(DIGITS);
    find(".random").addEventListener("click", () => this.choose(Math.floor(Math.random() * this.digits.length)));
    find(".hard").addEventListener("click", () => this.nextHard());
    this.sheet = new Sheet(
      this.paper,
      (x) => this.draw(x),
      (words) => {
        this.keys.textContent = words;
      },
    );
    this.buttons = { clear: find(".clear"), undo: find(".undo") };
    this.buttons.clear.addEventListener("click", () => this.draw(null));
    this.buttons.undo.addEventListener("click", () => this.sheet.undo());
    place.addEventListener("keydown", (event) => {
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
      if (!isUndo || event.target.matches("input")) return;
      event.preventDefault();
      this.sheet.undo();
    });
    const file = find("input[type=file]");
    file.addEventListener("change", () => this.read(file));
    find(".yes").addEventListener("click", () => this.own(this.doubtful));
    find(".no").addEventListener("click", () => {
      this.question.hidden = true;
      file.click();
    });
    this.index.addEventListener("change", () => this.typed());
  }

  /**
   * digits: TestDigits; hard: the parcel of the numbers of some; name: what an address names, a number, or `own-` and
   * its pixels.
   */
  async open(digits, hard, name) {
    Object.assign(this, { digits, hard });
    this.offerClasses(digits.classNames);
    this.index.max = digits.length - 1;
    if (name.startsWith(OWN)) return this.show(decodePixels(name.slice(OWN.length)), name);
    const index = Math.min(Number(name), digits.length - 1); // of another set, which may have more
    await digits.fetch(index);
    this.chosen = index;
    this.show(digits.pixels(index), String(index));
  }

  /** A button a class. */
  offerClasses(names) {
    if (this.offered === names) return;
    this.offered = names;
    const buttons = names.map((name, label) => {
      const button = element("button", { type: "button", title: name }, shortened(name, LONGEST));
      button.addEventListener("click", () => this.next((index) => this.digits.labels[index] === label));
      return button;
    });
    this.classes.replaceChildren(...buttons);
  }

  /** A test digit by its number, shown as soon as it is here. */
  async choose(index) {
    Object.assign(this, { chosen: index, wanted: null });
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

  /** The next one of those that the VAE reconstructs worst; the server may first have to look for them. */
  async nextHard() {
    if (this.looking && this.wanted === this.looking) return;
    const { textContent: before } = this.name;
    const looking = {};
    Object.assign(this, { looking, wanted: looking });
    this.name.textContent = "Looking for the hard digits …";
    try {
      const bytes = await fetchParcel(this.hard);
      if (this.wanted !== looking) return; // something else was chosen meanwhile
      const hard = Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] + 256 * bytes[2 * i + 1]);
      await this.choose(hard[(hard.indexOf(this.chosen) + 1) % hard.length]);
    } catch (error) {
      if (this.wanted !== looking) return;
      this.name.textContent = before;
      this.complain(error.message);
    }
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
    this.wanted = file;
    const isWanted = () => this.wanted === file; // nothing else was chosen meanwhile
    try {
      const picture = await readPicture(file);
      const x = centreDigit(picture);
      if (isWanted() && picture.doubts.length) this.askWhether(x, picture.doubts);
      else if (isWanted()) this.own(x);
    } catch (error) {
      if (isWanted()) this.complain(error.message);
    }
    input.value = ""; // so that the same file can be chosen again
  }

  /** Shows large what was read from a picture, and takes it when somebody says that this is the digit. */
  askWhether(x, doubts) {
    this.doubtful = x;
    this.complaint.textContent = "";
    paintDigit(this.asked, x);
    this.ask.textContent = `Is this your digit? ${doubts.join(" ")}`;
    this.question.hidden = false;
    this.question.querySelector(".yes").focus();
  }

  /** Takes what is on the sheet; null is an empty one. */
  draw(x) {
    if (x) return this.own(x, true);
    this.clear();
    this.empty();
  }

  /** Takes a digit that is not of the test set, in the 16 levels that a link carries. */
  own(x, keepsPaper = false) {
    this.chosen = undefined;
    const pixels = encodePixels(x);
    this.show(decodePixels(pixels), OWN + pixels, keepsPaper);
  }

  show(x, name, keepsPaper = false) {
    this.settle();
    this.given = name;
    const isOwn = name.startsWith(OWN);
    this.name.textContent = isOwn ? "Your own digit" : this.digits.nameOf(Number(name));
    this.index.value = isOwn ? "" : name;
    paintDigit(this.seen, x);
    if (!keepsPaper) this.sheet.show(x);
    this.label();
    this.pick(x, name);
  }

  /** Has drawings collected, each with a label; what is needed for that is fetched only then. */
  async startCollecting() {
    const { collecting } = await import("../classroom/collect.js");
    this.collect.replaceChildren(collecting(() => (this.sheet.isDrawn ? this.given.slice(OWN.length) : null)));
    this.collect.querySelector("input").focus();
  }

  complain(sentence) {
    this.settle();
    this.complaint.textContent = sentence;
  }

  clear() {
    this.chosen = undefined;
    this.settle();
    this.sheet.clear();
    paintDigit(this.seen, null);
    this.name.textContent = "Draw a digit on the black square";
    this.label();
  }

  /** What was asked or complained about before is over. */
  settle() {
    this.wanted = null;
    this.complaint.textContent = "";
    this.question.hidden = true;
  }

  /** Says what the sheet is and what its buttons do now. */
  label() {
    this.paper.setAttribute("aria-label", `${this.name.textContent}; draw here with mouse, finger or keys. ${KEYS}`);
    this.buttons.clear.textContent = this.sheet.isDrawn ? "Clear" : "Sketch a digit";
    this.buttons.undo.hidden = !this.sheet.canUndo;
    if (this.sheet.isDrawn) this.collect.hidden = false;
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
