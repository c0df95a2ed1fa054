// The test images, digits or somebody's own: labels of all at once, pictures a part at a time, when one is wanted.
import { DIGITS } from "./class_names.js";
import { PIXELS } from "./digit.js";
import { fetchParcel } from "./parcels.js";

const AGAIN = 3000; // milliseconds until pictures that nobody waits for are asked for again
const TRIES = 20;

export class TestDigits {
  /**
   * parts: names of parcels, each with the pictures of so many digits (784 bytes a digit); labels: a byte a digit;
   * classNames: one a class, none of pictures without labels.
   */
  constructor(parts, labels, classNames = DIGITS) {
    Object.assign(this, { parts, labels, classNames, length: labels.length, images: [] });
    this.isOwn = classNames !== DIGITS;
    this.inPart = Math.ceil(labels.length / parts.length);
  }

  /** Fetches what pictures of these digits are not here yet; throws an Error in words. */
  async fetch(...indices) {
    const wanted = new Set(indices.map((index) => Math.floor(index / this.inPart)));
    await Promise.all(Array.from(wanted, (part) => this.fetchPart(part)));
  }

  /** Fetches all pictures, part after part; nobody waits for them, so what cannot be had now is asked for later. */
  async fetchAll() {
    for (let part = 0, tries = 0; part < this.parts.length && tries < TRIES; tries++) {
      try {
        for (; part < this.parts.length; part++) await this.fetchPart(part);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }

  async fetchPart(part) {
    this.images[part] ??= await fetchParcel(this.parts[part]);
  }

  /** "Test digit 7, labelled 9". */
  nameOf(index) {
    const name = `Test ${this.isOwn ? "picture" : "digit"} ${index.toLocaleString("en")}`;
    return this.classNames.length ? `${name}, labelled ${this.classNames[this.labels[index]]}` : name;
  }

  /** Whether a digit's picture is here. */
  has(index) {
    return Boolean(this.images[Math.floor(index / this.inPart)]);
  }

  /** A digit's 784 numbers in [0, 1]; its picture must be here. */
  pixels(index) {
    const start = (index % this.inPart) * PIXELS;
    return Float32Array.from(
      this.images[Math.floor(index / this.inPart)].subarray(start, start + PIXELS),
      (level) => level / 255,
    );
  }
}
