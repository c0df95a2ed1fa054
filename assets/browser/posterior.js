// The exact posterior p(z|x) of a digit, the encoder's q(z|x) over it, and what the one loses against the other.
import { Address } from "./address.js";
import { floatsOf } from "./bytes.js";
import { paintDigit } from "./digit.js";
import { decode, encode, readModel } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { Plane, axes, cross, priorCircles, ring, steer } from "./plane.js";
import { inWords } from "./words.js";

const REST = 250; // milliseconds without a change, after which the server is asked
const FRAME = 30; // milliseconds of a step of q
const Q = "#f08c00";
const DIAGONAL = "#12a594";
const FULL = "#2f80ed";
const PARTS = {
  amortisation: [Q, "the encoder's own error: another q for this x would be better"],
  independence: [DIAGONAL, "q's dimensions are independent"],
  shape: [FULL, "q is a Gaussian"],
};

export default (component) => mount(component, ".posterior", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.plane = new Plane(this.find(".half canvas"), [axes, (context, plane) => this.drawPosterior(context, plane), priorCircles]);
    this.plane.moving = (context, plane) => this.drawGaussians(context, plane);
    steer(this.plane, () => this.position ?? this.answer?.mu ?? [0, 0], (position) => this.point(position));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".near").addEventListener("click", () => this.zoomIn());
    this.find(".far").addEventListener("click", () => this.plane.reset());
    this.find(".fit").addEventListener("click", () => this.fit());
    this.find(".improve").addEventListener("click", () => this.improve());
  }

  open(data, parcels, { setStateValue }) {
    Object.assign(this, { data, setStateValue, position: null, answer: null, q: null });
    this.address = new Address("posterior", data.given);
    this.model = readModel(parcels.vae);
    this.plane.take({ x: [], y: [] }, [], [], data.reach);
    this.picker.stock(parcels.images, parcels.labels, data.hard);
    this.picker.open(this.address.state.x ?? FIRST);
    this.update(data);
  }

  /** What the server has found for a digit. */
  update(data) {
    const isNew = this.answer?.digit !== data.answer.digit;
    this.data = data;
    if (data.answer.digit !== this.name) return; // of the digit before
    if (!isNew && !this.answer.full === !data.answer.full) return; // nothing new
    const [z, density] = [floatsOf(data.answer.z), floatsOf(data.answer.density)];
    this.answer = { ...data.answer, x: z.subarray(0, density.length), y: z.subarray(density.length), density };
    this.q = { mean: this.answer.mu, sigma: this.answer.sigma };
    this.find(".fit").disabled = false;
    if (isNew) this.zoomIn();
    this.tell();
  }

  leave() {
    clearTimeout(this.asking);
    clearInterval(this.improving);
  }

  pick(x, name) {
    Object.assign(this, { x, name, answer: null, position: null });
    clearInterval(this.improving);
    this.address.keep({ x: name === FIRST ? null : name });
    paintDigit(this.find("canvas.x"), x);
    const { mu, logSigma } = encode(this.model, x);
    this.q = { mean: Array.from(mu), sigma: Array.from(logSigma, Math.exp) };
    paintDigit(this.find("canvas.mu"), decode(this.model, mu));
    for (const canvas of ["mode", "here"]) paintDigit(this.find(`canvas.${canvas}`), null);
    this.find(".reading").textContent = "Looking at every point of the plane …";
    this.find("tbody").replaceChildren();
    this.find(".parts").textContent = "";
    this.find(".improve").hidden = true;
    this.plane.draw();
    clearTimeout(this.asking);
    if (this.data.answer.digit === name) this.update(this.data);
    else this.asking = setTimeout(() => this.setStateValue("digit", name), REST);
  }

  point(position) {
    this.position = position.map((value) => +value.toFixed(3));
    paintDigit(this.find("canvas.here"), decode(this.model, Float32Array.from(this.position)));
    this.plane.show();
  }

  zoomIn() {
    if (!this.answer) return;
    const { x, y, mu, sigma } = this.answer, all = [[...x, mu[0] - 2 * sigma[0], mu[0] + 2 * sigma[0]], [...y, mu[1] - 2 * sigma[1], mu[1] + 2 * sigma[1]]];
    const ends = all.map((values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]);
    this.plane.centre = ends.map(([low, high]) => (low + high) / 2);
    this.plane.limit = 0.55 * Math.max(...ends.map(([low, high]) => high - low));
    this.plane.draw();
  }

  /** Numbers and bars: log p(x) and the bounds below it. */
  tell() {
    const { mode, evidence, encoder, diagonalBound, fullBound, path } = this.answer, beta = this.data.weight;
    paintDigit(this.find("canvas.mode"), decode(this.model, Float32Array.from(mode)));
    const tempered = beta === 1 ? "" : ` This run was trained with β = ${beta}: its optimum is the tempered posterior, proportional to p(x|z)^(1/β) p(z), and that one is shown.`;
    this.find(".reading").textContent = `q: μ = ${inWords(this.answer.mu)}, σ = ${inWords(this.answer.sigma)}; exact mode ${inWords(mode)}. q loses ${(evidence - encoder).toFixed(2)} nats against the exact ${beta === 1 ? "" : "tempered "}posterior.${tempered}`;
    const names = beta === 1 ? ["log p(x), exact", "ELBO of the encoder's q"] : ["log ∫ p(x|z)^(1/β) p(z) dz, exact", "the encoder's q: E log p(x|z) / β − KL"];
    const rows = [[names[0], evidence, "#8a94a6"]];
    if (fullBound !== undefined) rows.push(["the best Gaussian", fullBound, FULL], ["the best of independent dimensions", diagonalBound, DIAGONAL]);
    rows.push([names[1], encoder, Q]);
    const most = Math.max(evidence - encoder, 1e-6);
    this.find("tbody").replaceChildren(...rows.map(([name, value, color]) => row(name, value, (evidence - value) / most, color)));
    const hasFits = fullBound !== undefined;
    this.find(".fit").hidden = hasFits;
    this.find(".improve").hidden = !hasFits;
    if (hasFits) {
      const parts = { amortisation: diagonalBound - encoder, independence: fullBound - diagonalBound, shape: evidence - fullBound };
      this.find(".parts").replaceChildren(...Object.entries(parts).map(([name, value]) => part(name, value)));
      this.path = floatsOf(path);
    }
    this.plane.draw();
  }

  fit() {
    this.find(".fit").disabled = true;
    this.setStateValue("fitted", this.name);
  }

  /** The way of the best diagonal fit: q goes from the encoder's answer to the best one for this x. */
  improve() {
    let step = 0;
    clearInterval(this.improving);
    this.improving = setInterval(() => {
      const [a, b, c, d, bound] = this.path.subarray(5 * step, 5 * step + 5);
      this.q = { mean: [a, b], sigma: [c, d] };
      this.find(".reading").textContent = `Gradient step ${step}: q's bound is ${bound.toFixed(2)} nats, at most ${this.answer.evidence.toFixed(2)}`;
      this.plane.show();
      if (5 * ++step >= this.path.length) clearInterval(this.improving);
    }, FRAME);
  }

  drawPosterior(context, plane) {
    if (!this.answer) return;
    const { x, y, density, width } = this.answer, side = (width * plane.size) / 2 / plane.limit;
    for (let n = 0; n < x.length; n++) {
      const [left, top] = plane.toPixels([x[n], y[n]]);
      context.fillStyle = `rgba(155, 93, 229, ${Math.sqrt(density[n])})`;
      context.fillRect(left - side / 2, top - side / 2, side + 0.5, side + 0.5);
    }
  }

  drawGaussians(context, plane) {
    if (!this.q) return;
    const { mean, sigma } = this.q;
    outline(context, plane, mean, [[sigma[0] ** 2, 0], [0, sigma[1] ** 2]], Q);
    if (this.answer?.full) {
      outline(context, plane, this.answer.full.mean, this.answer.full.covariance, FULL);
      outline(context, plane, this.answer.diagonal.mean, this.answer.diagonal.covariance, DIAGONAL);
    }
    if (this.answer) ring(context, plane, this.answer.mode);
    if (this.position) cross(context, plane, this.position);
  }
}

/** A Gaussian at 1 and 2 sigma, its covariance [[a, b], [b, c]] to scale. */
function outline(context, plane, mean, [[a, b], [, c]], color) {
  Object.assign(context, { strokeStyle: color, lineWidth: 2.5 });
  const half = (a - c) / 2, root = Math.hypot(half, b), [long, short] = [(a + c) / 2 + root, Math.max((a + c) / 2 - root, 0)].map(Math.sqrt);
  const angle = 0.5 * Math.atan2(2 * b, a - c), unit = plane.size / 2 / plane.limit, [left, top] = plane.toPixels(mean);
  for (const times of [1, 2]) {
    context.beginPath();
    context.ellipse(left, top, times * long * unit, times * short * unit, -angle, 0, 2 * Math.PI);
    context.stroke();
  }
}

function row(name, value, share, color) {
  const line = document.createElement("tr"), bar = document.createElement("div");
  bar.className = "bar";
  Object.assign(bar.style, { width: `${(100 * share).toFixed(1)}%`, background: color });
  for (const content of [name, `${value.toFixed(2).replace("-", "−")} nats`, bar]) {
    const cell = document.createElement("td");
    cell.append(content);
    line.append(cell);
  }
  return line;
}

function part(name, value) {
  const [color, why] = PARTS[name], line = document.createElement("div"), strong = document.createElement("strong");
  strong.textContent = `${Math.max(value, 0).toFixed(2)} nats of ${name}`;
  strong.style.color = color;
  line.append(strong, `: ${why}`);
  return line;
}
