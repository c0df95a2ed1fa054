// A walk along each latent dimension: a slider a dimension, both decoders answering while it moves.
import { FIRST } from "../shared/address.js";
import { bytesOf } from "../shared/bytes.js";
import { columnsOf } from "../shared/codes.js";
import { PIXELS, paintDigit, paintStrip, SIDE, stripCanvas } from "../shared/digit.js";
import { element } from "../shared/element.js";
import { forBoth, HALVES } from "../shared/halves.js";
import { decode, encode, readModel } from "../shared/model.js";
import { Picker } from "../shared/picker.js";
import { asPicture } from "../shared/pictures.js";
import { addressOf, mountWithPin } from "../shared/pin.js";
import { Due } from "../shared/slices.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords, number, subscript } from "../shared/words.js";

const SECOND = "1"; // the test digit that the way leads to at first
const FRAMES = 11; // images of a film strip
const OPEN = 8; // dimensions that are seen at once, those that matter most
// What of these a browser records first is offered: the first is known to every player.
const VIDEOS = [
  { type: "video/mp4;codecs=avc1.42E01F", ending: "mp4", name: "MP4" },
  { type: "video/webm;codecs=vp9", ending: "webm", name: "WebM" },
  { type: "video/webm", ending: "webm", name: "WebM" },
  { type: "video/mp4", ending: "mp4", name: "MP4" },
];
const TITLE = "The way from one digit to another"; // of the files with it
const ROUND = 4000; // milliseconds of a walk there and back

export default (component) => mountWithPin(component, ".walk", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    for (const button of root.querySelectorAll(".starts [data-start]")) {
      button.addEventListener("click", () => this.start(button.dataset.start));
    }
    this.pickers = [".choice.first", ".choice.second"].map(
      (place, which) => new Picker(this.find(place), (x, name) => this.pick(which, x, name)),
    );
    this.find(".way").addEventListener("input", () => this.go());
    this.find(".spherical").addEventListener("change", (event) => {
      this.address.keep({ sphere: event.target.checked ? "1" : null });
      this.drawWay();
    });
    for (const half of HALVES) asPicture(this.find(`.way-strip .${half}`), { numbers: () => this.wayAsColumns(half) });
    this.find(".gif").addEventListener("click", () => {
      this.awaitsGif = true;
      this.setTriggerValue("gif", this.way(2 * FRAMES));
    });
    this.format = VIDEOS.find(({ type }) => globalThis.MediaRecorder?.isTypeSupported(type));
    this.find(".video").addEventListener("click", () => (this.recording ? this.cancelVideo() : this.saveVideo()));
    this.showRecording(null);
    this.find(".others").addEventListener("toggle", () => this.drawStrips());
  }

  async open(data, parcels, { setTriggerValue }) {
    Object.assign(this, { data, setTriggerValue, digits: [null, null] });
    this.due = new Due((side) => this.drawStrip(side));
    this.address = addressOf("latent walk", data);
    this.models = forBoth((half) => readModel(parcels[half]));
    this.z = forBoth(() => new Float32Array(data.latentDim));
    this.buildRows();
    const { x, x2, z_ae, z_vae, sphere } = this.address.state;
    this.find(".spherical").checked = sphere === "1";
    const digits = new TestDigits(data.images, parcels.labels, data.classNames);
    await this.pickers[0].open(digits, data.hard, x ?? FIRST);
    await this.pickers[1].open(digits, data.hard, x2 ?? SECOND);
    const [ae, vae] = [z_ae, z_vae].map((z) => z?.split(",").map(Number));
    if (ae?.length === data.latentDim && vae?.length === data.latentDim) {
      this.z.ae.set(ae);
      this.z.vae.set(vae);
    }
    this.answer();
    this.drawStrips();
  }

  /** Saves a GIF that has come, and offers it again; it goes when another way is chosen. */
  async update({ gif }) {
    if (!gif) return;
    this.forgetGif();
    const { captionNow, fileName } = await import("../shared/take_home/caption.js");
    const link = this.find(".download");
    link.download = fileName({ title: TITLE, ...captionNow() }, "gif");
    link.href = URL.createObjectURL(new Blob([bytesOf(gif)], { type: "image/gif" }));
    link.hidden = false;
    if (this.awaitsGif) link.click();
    this.awaitsGif = false;
  }

  forgetGif() {
    const link = this.find(".download");
    URL.revokeObjectURL(link.href);
    link.hidden = true;
  }

  leave() {
    this.cancelVideo();
    this.play(null);
    this.due?.stop();
    this.forgetGif();
  }

  /** A row a dimension, those with the largest KL first; the rest behind a fold. */
  buildRows() {
    const order = Array.from({ length: this.data.latentDim }, (_, d) => d).sort(
      (a, b) => this.data.kl[b] - this.data.kl[a],
    );
    const [shown, hidden] = [this.find(".dimensions"), this.find(".others .dimensions")];
    shown.replaceChildren();
    hidden.replaceChildren();
    this.rows = order.map((d, rank) => {
      const row = this.buildRow(d);
      (rank < OPEN ? shown : hidden).append(row.element);
      return row;
    });
    this.find(".others").hidden = order.length <= OPEN;
    this.find(".others summary").textContent =
      `The other ${order.length - OPEN} dimensions, which matter less to the VAE`;
  }

  buildRow(d) {
    const row = { d, button: element("button", { type: "button", "data-control": "" }, "Play") };
    row.button.addEventListener("click", () => this.play(this.playing === row ? null : row));
    row.sides = forBoth((half) => this.buildSide(row, half));
    const title = element("div", {}, element("h4", {}, `z${subscript(d + 1)}`), row.button);
    const sides = HALVES.map((half) => row.sides[half].element);
    row.element = element("section", { className: "dimension" }, title, ...sides);
    return row;
  }

  buildSide(row, half) {
    const { d } = row;
    const model = half.toUpperCase();
    const [low, high] = this.data.ranges[half][d];
    const range = { type: "range", step: "any", min: low, max: high };
    const input = element("input", { ...range, "aria-label": `${model}: dimension ${d + 1}` });
    input.addEventListener("input", () => this.slide(row, (Number(input.value) - low) / (high - low || 1)));
    const words = element("span");
    const strip = stripCanvas(FRAMES, `${model}: eleven images along dimension ${d + 1}`);
    const side = element("div", { className: `side ${half}` }, words, input, strip);
    const parts = { d, half, input, words, strip, low, high, element: side, codes: [] };
    asPicture(strip, { numbers: () => columnsOf("z", parts.codes) });
    return parts;
  }

  /** Both models go to the same share of their ranges. */
  slide(row, share) {
    for (const half of HALVES) {
      const { low, high } = row.sides[half];
      this.z[half][row.d] = low + share * (high - low);
    }
    this.answer();
    this.drawStrips(row);
  }

  play(row) {
    cancelAnimationFrame(this.walking);
    if (this.playing) this.playing.button.textContent = "Play";
    this.playing = row;
    if (!row) return;
    row.button.textContent = "Pause";
    const began = performance.now();
    const step = (now) => {
      this.slide(row, 0.5 - 0.5 * Math.cos(((now - began) / ROUND) * 2 * Math.PI));
      this.walking = requestAnimationFrame(step);
    };
    this.walking = requestAnimationFrame(step);
  }

  pick(which, x, name) {
    this.digits[which] = forBoth((half) => encode(this.models[half], x).mu);
    this.address.keep(which ? { x2: name === SECOND ? null : name } : { x: name === FIRST ? null : name });
    this.drawWay();
    if (!which) this.start("first");
  }

  start(from) {
    this.play(null);
    const [a, b] = this.digits;
    for (const half of HALVES) {
      if (from === "origin") this.z[half].fill(0);
      else if (from === "first") this.z[half].set(a[half]);
      else if (from === "second") this.z[half].set(b[half]);
      else this.z[half].set(a[half].map((value, d) => (value + b[half][d]) / 2));
    }
    this.answer();
    this.drawStrips();
  }

  /** The heart of it: z goes to both decoders, and what they answer is painted in the same frame. */
  answer() {
    for (const half of HALVES) {
      this.z[half] = this.z[half].map((value) => +value.toFixed(3)); // as the address will have it
      const decodes = `the ${half.toUpperCase()} decodes z = ${inWords(this.z[half])}`;
      paintDigit(this.find(`.now canvas.${half}`), decode(this.models[half], this.z[half]), decodes);
      for (const row of this.rows) {
        const side = row.sides[half];
        side.input.value = this.z[half][row.d];
        side.words.textContent = this.describe(side);
      }
    }
    this.find(".reading").textContent = `AE z = ${inWords(this.z.ae, 6)}; VAE z = ${inWords(this.z.vae, 6)}`;
    this.address.keep({ z_ae: text(this.z.ae), z_vae: text(this.z.vae) });
  }

  /** What a slider says: where it is, from where to where it goes, and how much it matters. */
  describe(side) {
    const { d, half, low, high, variance } = side;
    const [ends, kl] =
      half === "vae" ? ["prior σ", ` · KL ${this.data.kl[d].toFixed(2)} nats`] : ["1 % … 99 % of its codes", ""];
    const moves = variance === undefined ? "" : ` · moves pixels by ${(100 * Math.sqrt(variance)).toFixed(1)} %`;
    const value = `${half.toUpperCase()} ${number(this.z[half][d])}`;
    return `${value}  (${number(low)} … ${number(high)}, ${ends})${kl}${moves}`;
  }

  /** The strips of all dimensions that are seen but the one that moves, whose strip stays. */
  drawStrips(moving = null) {
    const seen = this.rows.filter((row, rank) => row !== moving && (rank < OPEN || this.find(".others").open));
    this.due.add(...seen.flatMap((row) => HALVES.map((half) => row.sides[half])));
  }

  drawStrip(side) {
    side.codes = along(FRAMES, (share) => {
      const z = this.z[side.half].slice();
      z[side.d] = side.low + share * (side.high - side.low);
      return z;
    });
    const images = side.codes.map((z) => decode(this.models[side.half], z).slice());
    paintStrip(side.strip, images);
    side.variance = meanVariance(images);
    side.words.textContent = this.describe(side);
  }

  /** What it shows beside the run, in words. */
  get said() {
    const [first, second] = this.pickers.map((picker) => picker.name.textContent);
    const way = this.find(".spherical").checked ? ", on a sphere" : "";
    return `${first} · the way to ${second[0].toLowerCase()}${second.slice(1)}${way}`;
  }

  /** Codes of both models on the way from the first digit to the second. */
  way(frames) {
    return along(frames, (share) => forBoth((half) => Array.from(this.between(half, share))));
  }

  /** The codes of a model's strip from the first digit to the second, as columns. */
  wayAsColumns(half) {
    const codes = this.way(FRAMES).map((z) => z[half]);
    return { share: along(FRAMES, (share) => share), ...columnsOf("z", codes) };
  }

  drawWay() {
    if (!this.digits?.every(Boolean)) return;
    this.forgetGif();
    this.cancelVideo(); // it is of another way
    const way = this.way(FRAMES);
    for (const half of HALVES) {
      const images = way.map((z) => decode(this.models[half], Float32Array.from(z[half])).slice());
      paintStrip(this.find(`.way-strip .${half}`), images);
    }
  }

  /** What comes of a share of the way, on small canvases. */
  digitsAt(share) {
    const [ae, vae] = HALVES.map((half) => {
      const canvas = element("canvas", { width: SIDE, height: SIDE });
      paintDigit(canvas, decode(this.models[half], this.between(half, share)));
      return canvas;
    });
    return { AE: ae, VAE: vae };
  }

  /** Records the way, in as long as it takes to see it. */
  async saveVideo() {
    this.recording = new AbortController();
    this.find(".refused").textContent = "";
    this.showRecording(0);
    const { signal } = this.recording;
    try {
      const { saveVideo } = await import("./way_video.js");
      const tell = (share) => signal.aborted || this.showRecording(share);
      const paintAt = (share) => this.digitsAt(share);
      await saveVideo({ ...this.format, title: TITLE, paintAt, duration: ROUND, tell, signal });
    } catch (error) {
      this.find(".refused").textContent = `The video could not be recorded: ${error.message}`;
    }
    if (!signal.aborted) this.cancelVideo(); // it is over
  }

  cancelVideo() {
    this.recording?.abort();
    this.recording = null;
    this.showRecording(null);
  }

  /** How much is recorded, from 0 to 1; null: nothing is being recorded. */
  showRecording(share) {
    const button = this.find(".video");
    button.hidden = !this.format;
    button.textContent = share === null ? `Save this way as ${this.format?.name}` : "Cancel the recording";
    this.find(".recorded").hidden = share === null;
    this.find(".recorded").value = share ?? 0;
  }

  /** A model's code at a share of the way from the first digit to the second. */
  between(half, share) {
    const between = this.find(".spherical").checked ? spherical : straight;
    return between(this.digits[0][half], this.digits[1][half], share);
  }

  go() {
    this.play(null);
    const share = Number(this.find(".way").value);
    for (const half of HALVES) this.z[half].set(this.between(half, share));
    this.answer();
    this.drawStrips();
  }
}

/** Values at evenly spaced shares from 0 to 1. */
function along(frames, value) {
  return Array.from({ length: frames }, (_, index) => value(index / (frames - 1)));
}

/** (1 - t) a + t b */
export function straight(a, b, t) {
  return a.map((value, d) => (1 - t) * value + t * b[d]);
}

/**
 * Along the great circle from a's direction to b's, the radius changing evenly (Shoemake 1985); straight where there is
 * none.
 */
export function spherical(a, b, t) {
  const norm = (v) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  const [ra, rb] = [norm(a), norm(b)];
  const cosine = a.reduce((sum, value, d) => sum + value * b[d], 0) / (ra * rb);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const sine = Math.sin(angle);
  if (!(sine > 1e-6)) return straight(a, b, t);
  const [wa, wb] = [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  const radius = (1 - t) * ra + t * rb;
  return a.map((value, d) => radius * ((wa * value) / ra + (wb * b[d]) / rb));
}

/** How much the pixels of images vary, on average over all of them: a variance. */
function meanVariance(images) {
  let sum = 0;
  for (let i = 0; i < PIXELS; i++) {
    const mean = images.reduce((total, image) => total + image[i], 0) / images.length;
    sum += images.reduce((total, image) => total + (image[i] - mean) ** 2, 0) / images.length;
  }
  return sum / PIXELS;
}

function text(z) {
  return Array.from(z, (value) => +value.toFixed(3)).join(",");
}
