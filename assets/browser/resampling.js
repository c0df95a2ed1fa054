// One digit, drawn again and again: the same x, another z each time. An AE has one z, whatever is drawn.
import { Address } from "./address.js";
import { digitImage, paintDigit } from "./digit.js";
import { drawHistogram } from "./histogram.js";
import { decode, decodeLogits, encode, readModel, reconstructionLoss, reparameterize } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { Plane, axes, cross, dots, ellipse, priorCircles, ring, steer } from "./plane.js";
import { normals } from "./random.js";
import { inWords } from "./words.js";

const DRAWS = 200;
const SHOWN = 64;
const SIDE = 8; // of the square of shown draws
const SLICE = 8; // milliseconds of a frame for draws that are still to be decoded
const BEAT = 500; // milliseconds between draws while it plays
const HALVES = ["ae", "vae"];
const SIGMA = "#f08c00";
const EPS = "#e64980";

export default (component) => mount(component, ".resampling", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.planes = Object.fromEntries(HALVES.map((half) => [half, new Plane(this.find(`.${half} canvas`), [axes, dots, priorCircles])]));
    this.planes.ae.moving = (context, plane) => this.own && ring(context, plane, this.flat(this.own.ae.mu));
    this.planes.vae.moving = (context, plane) => this.drawCloud(context, plane);
    this.pad = new Plane(this.find(".pad canvas"), [axes, priorCircles]);
    this.pad.moving = (context, plane) => this.drawEps(context, plane);
    steer(this.pad, () => this.flat(this.eps), (position) => this.setEps(position));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".again").addEventListener("click", () => this.drawAgain());
    this.find(".play").addEventListener("click", () => this.play(!this.playing));
    this.find(".scale").addEventListener("input", (event) => this.setScale(Number(event.target.value)));
    this.find(".seed").addEventListener("change", (event) => this.setSeed(Math.min(Math.max(Math.round(Number(event.target.value)) || 0, 0), 999999)));
  }

  open(data, parcels) {
    this.data = data;
    this.address = new Address("eps resampling", data.given);
    this.models = Object.fromEntries(HALVES.map((half) => [half, readModel(parcels[half])]));
    for (const half of HALVES) {
      const numbers = new Float32Array(parcels[`codes_${half}`].slice().buffer), count = parcels.labels.length;
      const [x, y] = [numbers.subarray(0, count), data.dims.length > 1 ? numbers.subarray(count, 2 * count) : new Float32Array(count)];
      this.planes[half].take({ x, y }, parcels.labels, data.colors, data.limits[half]);
    }
    this.pad.take({ x: [], y: [] }, [], [], 3.5);
    const { x, eps_seed, eps_scale, eps } = this.address.state;
    this.seed = Number(eps_seed ?? 0);
    this.scale = Number(eps_scale ?? 1);
    this.draw();
    this.picker.stock(parcels.images, parcels.labels, data.hard);
    this.picker.open(x ?? FIRST);
    const byHand = eps?.split(",").map(Number);
    if (byHand?.length === data.dims.length) this.setEps(byHand); // else it is of a run of other dimensions
  }

  leave() {
    this.play(false);
    cancelAnimationFrame(this.frame);
  }

  /** Another digit, with the eps that are there. */
  pick(x, name) {
    this.x = x;
    this.own = Object.fromEntries(HALVES.map((half) => [half, encode(this.models[half], x)]));
    paintDigit(this.find("canvas.x"), x);
    paintDigit(this.find("canvas.ae"), decode(this.models.ae, this.own.ae.mu));
    this.lossOfAe = reconstructionLoss(this.models.ae, decodeLogits(this.models.ae, this.own.ae.mu), x);
    const { mu, logSigma } = this.own.vae;
    this.find(".ae figcaption").textContent = `AE: z = ${inWords(this.own.ae.mu)}`;
    this.find(".vae figcaption").textContent = `VAE: μ = ${inWords(mu)}, σ = ${inWords(logSigma.map(Math.exp))}`;
    for (const half of HALVES) {
      this.planes[half].canvas.setAttribute("aria-label", this.find(`.${half} figcaption`).textContent);
      this.planes[half].show();
    }
    this.address.keep({ x: name === FIRST ? null : name });
    this.answer();
    this.decodeAll();
  }

  /** The draws that the seed decides; the first one is on show. */
  draw() {
    const { latentDim } = this.data, numbers = normals(this.seed, DRAWS * latentDim);
    this.draws = Array.from({ length: DRAWS }, (_, n) => numbers.subarray(n * latentDim, (n + 1) * latentDim));
    this.eps = this.draws[0];
    this.find(".seed").value = this.seed;
    this.find(".scale").value = this.scale;
    this.find("output").textContent = this.scale.toFixed(2);
  }

  drawAgain() {
    this.useSeed((this.seed + 1) % 1000000);
  }

  setSeed(seed) {
    this.play(false); // it would soon go on to the next
    this.useSeed(seed);
  }

  useSeed(seed) {
    this.seed = seed;
    this.draw();
    this.address.keep({ eps_seed: seed ? String(seed) : null, eps: null });
    this.answer();
    this.decodeAll();
  }

  setScale(scale) {
    this.scale = scale;
    this.find("output").textContent = scale.toFixed(2);
    this.address.keep({ eps_scale: scale === 1 ? null : String(scale) });
    this.answer();
    this.decodeAll();
  }

  /** Eps by hand, on the one or two dimensions of the plane. */
  setEps(position) {
    this.play(false); // it would soon draw another
    this.eps = this.eps.slice();
    this.data.dims.forEach((dimension, axis) => (this.eps[dimension] = +Math.min(Math.max(position[axis], -99), 99).toFixed(3)));
    this.address.keep({ eps: this.data.dims.map((dimension) => +this.eps[dimension].toFixed(3)).join(",") });
    this.answer();
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => this.drawAgain(), BEAT) : null;
    this.find(".play").textContent = on ? "Halt" : "Play";
  }

  /** What the VAE makes of the eps on show, painted at once. */
  answer() {
    if (!this.own) return;
    const z = reparameterize(this.own.vae, this.eps, this.scale), logits = decodeLogits(this.models.vae, z);
    const loss = reconstructionLoss(this.models.vae, logits, this.x);
    paintDigit(this.find("canvas.vae"), decode(this.models.vae, z));
    this.find(".reading").textContent = `ε = ${inWords(this.eps)}: z = μ + ${this.scale === 1 ? "" : `${this.scale.toFixed(2)} · `}σ·ε = ${inWords(z)}, reconstruction loss ${loss.toFixed(1)} nats. The AE has no ε: its z stays, and its loss is ${this.lossOfAe.toFixed(1)} nats.`;
    this.planes.vae.show();
    this.pad.show();
  }

  /** All draws, a few milliseconds a frame, so that nothing that moves has to wait for them. */
  decodeAll() {
    cancelAnimationFrame(this.frame);
    if (!this.own) return;
    const brush = this.find("canvas.many").getContext("2d"), losses = [], sum = new Float64Array(784), squares = new Float64Array(784);
    const slice = () => {
      const began = performance.now();
      while (losses.length < DRAWS && performance.now() - began < SLICE) {
        const n = losses.length, z = reparameterize(this.own.vae, this.draws[n], this.scale);
        losses.push(reconstructionLoss(this.models.vae, decodeLogits(this.models.vae, z), this.x));
        const pixels = decode(this.models.vae, z);
        for (let i = 0; i < 784; i++) {
          sum[i] += pixels[i];
          squares[i] += pixels[i] ** 2;
        }
        if (n < SHOWN) brush.putImageData(digitImage(pixels), (n % SIDE) * 28, Math.floor(n / SIDE) * 28);
      }
      if (losses.length < DRAWS) this.frame = requestAnimationFrame(slice);
      else this.summarize(losses, sum, squares);
    };
    this.frame = requestAnimationFrame(slice);
  }

  summarize(losses, sum, squares) {
    const deviation = Float32Array.from(sum, (s, i) => Math.sqrt(Math.max(squares[i] / DRAWS - (s / DRAWS) ** 2, 0)));
    paintDigit(this.find("canvas.deviation"), deviation.map((d) => d * 2)); // 0.5 is the most a pixel in [0, 1] can deviate
    const mean = losses.reduce((a, b) => a + b) / DRAWS, spread = Math.sqrt(losses.reduce((a, b) => a + (b - mean) ** 2, 0) / DRAWS);
    const canvas = this.find(".histogram");
    canvas.setAttribute("aria-label", `VAE: ${mean.toFixed(1)} ± ${spread.toFixed(1)} nats over ${DRAWS} draws; AE: ${this.lossOfAe.toFixed(1)} nats`);
    drawHistogram(canvas, losses, { line: this.lossOfAe, lineLabel: `AE ${this.lossOfAe.toFixed(1)}`, label: `VAE ${mean.toFixed(1)} ± ${spread.toFixed(1)} nats` });
  }

  /** A code on the plane: its one or two dimensions. */
  flat(code) {
    return [code[this.data.dims[0]], this.data.dims.length > 1 ? code[this.data.dims[1]] : 0];
  }

  drawCloud(context, plane) {
    if (!this.own) return;
    const { mu, logSigma } = this.own.vae, at = this.flat(mu), sigma = this.flat(logSigma).map(Math.exp);
    if (this.data.dims.length < 2) sigma[1] = 0;
    context.fillStyle = EPS;
    for (const eps of this.draws) {
      const [left, top] = plane.toPixels(this.flat(reparameterize(this.own.vae, eps, this.scale)));
      context.fillRect(left - 1, top - 1, 2, 2);
    }
    Object.assign(context, { strokeStyle: SIGMA, lineWidth: 2 });
    for (const times of [1, 2]) ellipse(context, plane, at, sigma.map((s) => s * times));
    cross(context, plane, this.flat(reparameterize(this.own.vae, this.eps, this.scale)));
  }

  drawEps(context, plane) {
    if (!this.draws) return;
    context.fillStyle = EPS;
    context.globalAlpha = 0.6;
    for (const eps of this.draws) {
      const [left, top] = plane.toPixels(this.flat(eps));
      context.fillRect(left - 2, top - 2, 4, 4);
    }
    context.globalAlpha = 1;
    cross(context, plane, this.flat(this.eps));
  }
}
