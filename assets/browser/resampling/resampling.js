// One digit, drawn again and again: the same x, another z each time. An AE has one z, whatever is drawn.
import { FIRST } from "../shared/address.js";
import { columnsOf, onPlane, rowsOf } from "../shared/codes.js";
import { digitImage, PIXELS, paintDigit, SIDE } from "../shared/digit.js";
import { steer } from "../shared/gestures.js";
import { forBoth, HALVES } from "../shared/halves.js";
import { axes } from "../shared/layers/axes.js";
import { dots } from "../shared/layers/dots.js";
import { ownQ } from "../shared/layers/ellipses.js";
import { cross, ring } from "../shared/layers/marks.js";
import { numerals } from "../shared/layers/numerals.js";
import { priorCircles } from "../shared/layers/prior_circles.js";
import { decode, decodeLogits, encode, readModel, reconstructionLoss, reparameterize } from "../shared/model.js";
import { Picker } from "../shared/picker.js";
import { asPicture } from "../shared/pictures.js";
import { addressOf, mountWithPin } from "../shared/pin.js";
import { Plane } from "../shared/plane.js";
import { normals } from "../shared/random.js";
import { inSlices } from "../shared/slices.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords } from "../shared/words.js";
import { Estimates } from "./estimates.js";
import { drawHistogram } from "./histogram.js";

const DRAWS = 200;
const SHOWN = 64;
const ROW = 8; // of the square of shown draws
const LAST_SEED = 999999;
const BEAT = 500; // milliseconds between draws while it plays

export default (component) => mountWithPin(component, ".resampling", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.planes = forBoth((half) => new Plane(this.find(`.${half} canvas`), [axes, dots, priorCircles, numerals]));
    this.planes.ae.moving = (context, plane) => this.drawCode(context, plane);
    this.planes.vae.moving = (context, plane) => this.drawCloud(context, plane);
    this.pad = new Plane(this.find(".pad canvas"), [axes, priorCircles]);
    this.pad.moving = (context, plane) => this.drawEps(context, plane);
    asPicture(this.pad.canvas, { numbers: () => this.drawsAsColumns() });
    asPicture(this.planes.vae.canvas, { numbers: () => this.drawsAsColumns() });
    asPicture(this.find(".histogram"), {
      draw: () => this.drawLosses(),
      numbers: () => ({ draw: this.losses?.map((_, n) => n + 1) ?? [], nats: this.losses ?? [] }),
    });
    const place = () => this.flat(this.eps);
    steer(this.pad, place, (position) => this.setEps(position));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.estimates = new Estimates(root);
    new ResizeObserver(() => this.drawLosses()).observe(this.find(".histogram"));
    this.find(".again").addEventListener("click", () => this.drawAgain());
    this.find(".play").addEventListener("click", () => this.play(!this.playing));
    this.find(".scale").addEventListener("input", (event) => this.setScale(Number(event.target.value)));
    this.find(".seed").addEventListener("change", ({ target }) => this.typeSeed(target.value));
  }

  async open(data, parcels) {
    this.data = data;
    this.address = addressOf("eps resampling", data);
    this.models = forBoth((half) => readModel(parcels[half]));
    const { labels } = parcels;
    for (const half of HALVES) {
      const [x, y = new Float32Array(labels.length)] = rowsOf(parcels[`codes_${half}`], labels.length);
      this.planes[half].take({ x, y }, labels, data.colors, data.limits[half], data.classNames);
    }
    this.pad.take({ x: [], y: [] }, [], [], 3.5);
    const { x, eps_seed, eps_scale, eps } = this.address.state;
    this.seed = Number(eps_seed ?? 0);
    this.scale = Number(eps_scale ?? 1);
    this.draw();
    await this.picker.open(new TestDigits(data.images, parcels.labels, data.classNames), data.hard, x ?? FIRST);
    const byHand = eps?.split(",").map(Number);
    if (byHand?.length === data.dims.length) this.setEps(byHand); // else it is of a run of other dimensions
  }

  leave() {
    this.play(false);
    this.haltDecoding?.();
    this.estimates.leave();
  }

  /** Another digit, with the eps that are there. */
  pick(x, name) {
    this.x = x;
    this.own = forBoth((half) => encode(this.models[half], x));
    [this.lossOfAe, this.lossAtMu] = HALVES.map((half) => {
      const model = this.models[half];
      return reconstructionLoss(model, decodeLogits(model, this.own[half].mu), x);
    });
    paintDigit(this.find("canvas.x"), x, `x: ${this.picker.name.textContent}`);
    const same = `the AE's answer, ${this.lossOfAe.toFixed(1)} nats`;
    paintDigit(this.find("canvas.ae"), decode(this.models.ae, this.own.ae.mu), same);
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
    if (!this.data.isPinned) this.estimates.take(this.models.vae, this.own.vae, x, this.data.dims);
  }

  /** What it shows beside the run, in words. */
  get said() {
    const eps = this.address.state.eps ? "ε by hand" : `ε of seed ${this.seed}`;
    const scale = this.scale === 1 ? "" : `, times ${this.scale.toFixed(2)}`;
    return `${this.picker.name.textContent} · ${eps}${scale}`;
  }

  /** The draws that the seed decides; the first one is on show. */
  draw() {
    const { latentDim } = this.data;
    const numbers = normals(this.seed, DRAWS * latentDim);
    this.draws = Array.from({ length: DRAWS }, (_, n) => numbers.subarray(n * latentDim, (n + 1) * latentDim));
    this.eps = this.draws[0];
    this.find(".seed").value = this.seed;
    this.find(".refused").textContent = "";
    this.find(".scale").value = this.scale;
    this.find("output").textContent = this.scale.toFixed(2);
  }

  drawAgain() {
    this.useSeed((this.seed + 1) % (LAST_SEED + 1));
  }

  typeSeed(text) {
    const seed = Number(text);
    if (text !== "" && Number.isInteger(seed) && seed >= 0 && seed <= LAST_SEED) return this.setSeed(seed);
    const allowed = `a whole number from 0 to ${LAST_SEED.toLocaleString("en")} is needed`;
    this.find(".refused").textContent = `Seed ${text || "(no number)"}: ${allowed}.`;
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
    for (const [axis, dimension] of this.data.dims.entries()) {
      this.eps[dimension] = +Math.min(Math.max(position[axis], -99), 99).toFixed(3);
    }
    this.address.keep({ eps: this.data.dims.map((dimension) => +this.eps[dimension].toFixed(3)).join(",") });
    this.answer();
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => this.drawAgain(), BEAT) : null;
    this.find(".play").textContent = on ? "Pause" : "Play";
  }

  /** What the VAE makes of the eps on show, painted at once. */
  answer() {
    if (!this.own) return;
    const z = reparameterize(this.own.vae, this.eps, this.scale);
    const logits = decodeLogits(this.models.vae, z);
    const loss = reconstructionLoss(this.models.vae, logits, this.x);
    const words = `the VAE's answer to this epsilon, ${loss.toFixed(1)} nats`;
    paintDigit(this.find("canvas.vae"), decode(this.models.vae, z), words);
    const scale = this.scale === 1 ? "" : `${this.scale.toFixed(2)} · `;
    this.find(".reading").textContent =
      `ε = ${inWords(this.eps)}: z = μ + ${scale}σ·ε = ${inWords(z)}, reconstruction loss ${loss.toFixed(1)} nats ` +
      `(of μ itself ${this.lossAtMu.toFixed(1)}). ` +
      `The AE has no ε: its z stays, and its loss is ${this.lossOfAe.toFixed(1)} nats.`;
    this.planes.vae.show();
    this.pad.show();
  }

  /** All draws, one after another. */
  decodeAll() {
    this.haltDecoding?.();
    if (!this.own) return;
    const brush = this.find("canvas.many").getContext("2d");
    const losses = [];
    const sum = new Float64Array(PIXELS);
    const squares = new Float64Array(PIXELS);
    const next = () => {
      const n = losses.length;
      const z = reparameterize(this.own.vae, this.draws[n], this.scale);
      losses.push(reconstructionLoss(this.models.vae, decodeLogits(this.models.vae, z), this.x));
      const pixels = decode(this.models.vae, z);
      for (let i = 0; i < PIXELS; i++) {
        sum[i] += pixels[i];
        squares[i] += pixels[i] ** 2;
      }
      if (n < SHOWN) brush.putImageData(digitImage(pixels), (n % ROW) * SIDE, Math.floor(n / ROW) * SIDE);
      return losses.length < DRAWS;
    };
    this.haltDecoding = inSlices(next, (isDone) => {
      if (isDone) this.summarize(losses, sum, squares);
    });
  }

  summarize(losses, sum, squares) {
    const deviation = Float32Array.from(sum, (s, i) => Math.sqrt(Math.max(squares[i] / DRAWS - (s / DRAWS) ** 2, 0)));
    const levels = deviation.map((d) => d * 2); // 0.5 is the most a pixel in [0, 1] can deviate
    const mean = losses.reduce((a, b) => a + b) / DRAWS;
    const spread = Math.sqrt(losses.reduce((a, b) => a + (b - mean) ** 2, 0) / DRAWS);
    const range = [Math.min(...losses), Math.max(...losses)].map((nats) => nats.toFixed(0)).join(" to ");
    this.find("canvas.many").setAttribute("aria-label", `the VAE's answers to ${SHOWN} draws, ${range} nats`);
    const most = Math.max(...deviation).toFixed(2);
    paintDigit(this.find("canvas.deviation"), levels, `where the answers differ: a pixel by ${most} at most`);
    const canvas = this.find(".histogram");
    canvas.setAttribute(
      "aria-label",
      `VAE: ${mean.toFixed(1)} ± ${spread.toFixed(1)} nats over ${DRAWS} draws; AE: ${this.lossOfAe.toFixed(1)} nats`,
    );
    Object.assign(this, { losses, label: `VAE ${mean.toFixed(1)} ± ${spread.toFixed(1)} nats` });
    this.drawLosses();
  }

  drawLosses() {
    if (!this.losses) return;
    drawHistogram(this.find(".histogram"), this.losses, {
      lines: { [`AE ${this.lossOfAe.toFixed(1)}`]: this.lossOfAe, [`μ ${this.lossAtMu.toFixed(1)}`]: this.lossAtMu },
      label: this.label,
    });
  }

  /** The draws of eps and their z, a row each: {column: values}. */
  drawsAsColumns() {
    const z = this.draws.map((eps) => reparameterize(this.own.vae, eps, this.scale));
    const { mu } = this.own.vae;
    const sigma = this.own.vae.logSigma.map(Math.exp);
    return {
      draw: this.draws.map((_, n) => n + 1),
      ...columnsOf("eps", this.draws),
      ...columnsOf("z", z),
      ...columnsOf(
        "mu",
        this.draws.map(() => mu),
      ),
      ...columnsOf(
        "sigma",
        this.draws.map(() => sigma),
      ),
    };
  }

  /** A code on the plane: its one or two dimensions. */
  flat(code) {
    return onPlane(code, this.data.dims);
  }

  drawCode(context, plane) {
    if (this.own) ring(context, plane, this.flat(this.own.ae.mu));
  }

  drawCloud(context, plane) {
    if (!this.own) return;
    const { mu, logSigma } = this.own.vae;
    this.drawDraws(context, plane, 2, (eps) => reparameterize(this.own.vae, eps, this.scale));
    ownQ(context, plane, this.flat(mu), onPlane(logSigma, this.data.dims, -Infinity).map(Math.exp));
    cross(context, plane, this.flat(reparameterize(this.own.vae, this.eps, this.scale)));
  }

  drawEps(context, plane) {
    if (!this.draws) return;
    context.globalAlpha = 0.6;
    this.drawDraws(context, plane, 4, (eps) => eps);
    context.globalAlpha = 1;
    cross(context, plane, this.flat(this.eps));
  }

  /** A square of so many pixels for each draw; codeOf: where its eps lies. */
  drawDraws(context, plane, side, codeOf) {
    context.fillStyle = plane.color("eps");
    for (const eps of this.draws) {
      const [left, top] = plane.view.toPixels(this.flat(codeOf(eps)));
      context.fillRect(left - side / 2, top - side / 2, side, side);
    }
  }
}
