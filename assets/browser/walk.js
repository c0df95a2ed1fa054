// A walk along each latent dimension: a slider a dimension, both decoders answering while it moves.
import { Address } from "./address.js";
import { paintDigit, paintStrip } from "./digit.js";
import { decode, encode, readModel } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { inWords, number, subscript } from "./words.js";

const HALVES = ["ae", "vae"];
const FRAMES = 11; // images of a film strip
const OPEN = 8; // dimensions that are seen at once, those that matter most
const SLICE = 8; // milliseconds of a frame for film strips
const ROUND = 4000; // milliseconds of a walk there and back

export default (component) => mount(component, ".walk", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    for (const button of root.querySelectorAll(".starts button")) button.addEventListener("click", () => this.start(button.dataset.start));
    this.pickers = [this.find(".choice.first"), this.find(".choice.second")].map(
      (element, which) => new Picker(element, (x, name) => this.pick(which, x, name)),
    );
    this.find(".way").addEventListener("input", () => this.go());
    this.find(".spherical").addEventListener("change", (event) => {
      this.address.keep({ sphere: event.target.checked ? "1" : null });
      this.drawWay();
    });
    this.find(".gif").addEventListener("click", () => this.setTriggerValue("gif", this.way(2 * FRAMES)));
    this.find(".others").addEventListener("toggle", () => this.drawStrips());
  }

  open(data, parcels, { setTriggerValue }) {
    Object.assign(this, { data, setTriggerValue, digits: [null, null], due: new Set() });
    this.address = new Address("latent walk", data.given);
    this.models = Object.fromEntries(HALVES.map((half) => [half, readModel(parcels[half])]));
    this.z = Object.fromEntries(HALVES.map((half) => [half, new Float32Array(data.latentDim)]));
    this.buildRows();
    const { x, x2, z_ae, z_vae, sphere } = this.address.state;
    this.find(".spherical").checked = sphere === "1";
    for (const [which, name] of [x ?? FIRST, x2 ?? "1"].entries()) {
      this.pickers[which].stock(parcels.images, parcels.labels, data.hard);
      this.pickers[which].open(name);
    }
    const given = [z_ae, z_vae].map((text) => text?.split(",").map(Number));
    if (given.every((z) => z?.length === data.latentDim)) HALVES.forEach((half, index) => this.z[half].set(given[index]));
    this.answer();
    this.drawStrips();
  }

  leave() {
    this.play(null);
    cancelAnimationFrame(this.frame);
    this.frame = null;
  }

  /** A row a dimension, those with the largest KL first; the rest behind a fold. */
  buildRows() {
    const order = Array.from({ length: this.data.latentDim }, (_, d) => d).sort((a, b) => this.data.kl[b] - this.data.kl[a]);
    const [shown, hidden] = [this.find(".dimensions"), this.find(".others .dimensions")];
    shown.replaceChildren();
    hidden.replaceChildren();
    this.rows = order.map((d, rank) => {
      const row = this.buildRow(d);
      (rank < OPEN ? shown : hidden).append(row.element);
      return row;
    });
    this.find(".others").hidden = order.length <= OPEN;
    this.find(".others summary").textContent = `The other ${order.length - OPEN} dimensions, which matter less to the VAE`;
  }

  buildRow(d) {
    const element = document.createElement("section");
    element.className = "dimension";
    element.innerHTML = `<div><h4></h4><button type="button">Play</button></div>${HALVES.map((half) => `<div class="side ${half}"><span></span><input type="range" step="any"><canvas class="strip" width="${28 * FRAMES}" height="28" role="img"></canvas></div>`).join("")}`;
    element.querySelector("h4").textContent = `z${subscript(d + 1)}`;
    const row = { d, element, button: element.querySelector("button"), sides: {} };
    row.button.addEventListener("click", () => this.play(this.playing === row ? null : row));
    for (const half of HALVES) {
      const side = element.querySelector(`.${half}`), input = side.querySelector("input"), [low, high] = this.data.ranges[half][d];
      Object.assign(input, { min: low, max: high });
      input.setAttribute("aria-label", `${half.toUpperCase()}: dimension ${d + 1}`);
      input.addEventListener("input", () => this.slide(row, (Number(input.value) - low) / (high - low || 1)));
      row.sides[half] = { d, half, input, words: side.querySelector("span"), strip: side.querySelector("canvas"), low, high };
      row.sides[half].strip.setAttribute("aria-label", `${half.toUpperCase()}: eleven images along dimension ${d + 1}`);
    }
    return row;
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
    row.button.textContent = "Halt";
    const began = performance.now();
    const step = (now) => {
      this.slide(row, 0.5 - 0.5 * Math.cos(((now - began) / ROUND) * 2 * Math.PI));
      this.walking = requestAnimationFrame(step);
    };
    this.walking = requestAnimationFrame(step);
  }

  pick(which, x, name) {
    this.digits[which] = Object.fromEntries(HALVES.map((half) => [half, encode(this.models[half], x).mu]));
    this.address.keep(which ? { x2: name === "1" ? null : name } : { x: name === FIRST ? null : name });
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
      paintDigit(this.find(`.now canvas.${half}`), decode(this.models[half], this.z[half]));
      for (const row of this.rows) {
        const { input, words, low, high } = row.sides[half], value = this.z[half][row.d];
        input.value = value;
        words.textContent = `${half.toUpperCase()} ${number(value)}  (${number(low)} … ${number(high)}${half === "vae" ? ", prior σ" : ", 1 % … 99 % of its codes"})${this.importance(row, half)}`;
      }
    }
    this.find(".reading").textContent = `AE z = ${inWords(this.z.ae, 6)}; VAE z = ${inWords(this.z.vae, 6)}`;
    this.address.keep({ z_ae: text(this.z.ae), z_vae: text(this.z.vae) });
  }

  importance(row, half) {
    const kl = half === "vae" ? ` · KL ${this.data.kl[row.d].toFixed(2)} nats` : "", { variance } = row.sides[half];
    return `${kl}${variance === undefined ? "" : ` · moves pixels by ${(100 * Math.sqrt(variance)).toFixed(1)} %`}`;
  }

  /** The film strips of all dimensions that are seen but the one that moves (its strip stays), a few milliseconds a frame. */
  drawStrips(moving = null) {
    const seen = this.rows.filter((row, rank) => row !== moving && (rank < OPEN || this.find(".others").open));
    for (const row of seen) for (const half of HALVES) this.due.add(row.sides[half]);
    const slice = () => {
      const began = performance.now();
      for (const side of this.due) {
        if (performance.now() - began > SLICE) break;
        this.due.delete(side); // whoever is due again meanwhile comes after all others
        this.drawStrip(side);
      }
      this.frame = this.due.size ? requestAnimationFrame(slice) : null;
    };
    this.frame ??= requestAnimationFrame(slice);
  }

  drawStrip(side) {
    const z = this.z[side.half].slice();
    const images = along(FRAMES, (share) => {
      z[side.d] = side.low + share * (side.high - side.low);
      return decode(this.models[side.half], z).slice();
    });
    paintStrip(side.strip, images);
    side.variance = meanVariance(images);
    side.words.textContent = side.words.textContent.replace(/ · moves.*$/, "") + ` · moves pixels by ${(100 * Math.sqrt(side.variance)).toFixed(1)} %`;
  }

  /** Codes of both models on the way from the first digit to the second. */
  way(frames) {
    const between = this.find(".spherical").checked ? spherical : straight, [a, b] = this.digits;
    return along(frames, (share) => Object.fromEntries(HALVES.map((half) => [half, Array.from(between(a[half], b[half], share))])));
  }

  drawWay() {
    if (!this.digits?.every(Boolean)) return;
    const way = this.way(FRAMES);
    for (const half of HALVES) paintStrip(this.find(`.way-strip .${half}`), way.map((z) => decode(this.models[half], Float32Array.from(z[half])).slice()));
  }

  go() {
    this.play(null);
    const share = Number(this.find(".way").value), between = this.find(".spherical").checked ? spherical : straight;
    for (const half of HALVES) this.z[half].set(between(this.digits[0][half], this.digits[1][half], share));
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

/** Along the great circle from a's direction to b's, the radius changing evenly (Shoemake 1985); straight where there is none. */
export function spherical(a, b, t) {
  const norm = (v) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0)), [ra, rb] = [norm(a), norm(b)];
  const cosine = a.reduce((sum, value, d) => sum + value * b[d], 0) / (ra * rb);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1)), sine = Math.sin(angle);
  if (!(sine > 1e-6)) return straight(a, b, t);
  const [wa, wb] = [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine], radius = (1 - t) * ra + t * rb;
  return a.map((value, d) => radius * ((wa * value) / ra + (wb * b[d]) / rb));
}

/** How much the pixels of images vary, on average over the 784: a variance. */
function meanVariance(images) {
  let sum = 0;
  for (let i = 0; i < 784; i++) {
    const mean = images.reduce((total, image) => total + image[i], 0) / images.length;
    sum += images.reduce((total, image) => total + (image[i] - mean) ** 2, 0) / images.length;
  }
  return sum / 784;
}

function text(z) {
  return Array.from(z, (value) => +value.toFixed(3)).join(",");
}
