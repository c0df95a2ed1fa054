// The exact posterior p(z|x) of a digit, the encoder's q(z|x) over it, and what the one loses against the other.
import { Address } from "./address.js";
import { floatsOf } from "./bytes.js";
import { paintDigit } from "./digit.js";
import { decode, encode, readModel } from "./model.js";
import { mount } from "./mount.js";
import { DIAGONAL, FULL, PARTS, Q } from "./parts.js";
import { EMPTY, FIRST, Picker } from "./picker.js";
import { Plane, axes, cross, priorCircles, ring, steer } from "./plane.js";
import { whenShown } from "./shown.js";
import { inWords, number } from "./words.js";

const REST = 250; // milliseconds without a change, after which the server is asked
const FRAME = 30; // milliseconds of a step of q
const BLANK = new Float32Array(784);
const SLIGHT = 0.1; // nats; a smaller loss is a shorter bar
const PRIOR_REACH = 5; // sigmas, where nothing of it is seen any more

export default (component) => mount(component, ".posterior", View);

class View {
  constructor(root) {
    this.root = root;
    this.find = (query) => root.querySelector(query);
    this.plane = new Plane(this.find(".half canvas"), [axes, (context, plane) => this.drawPosterior(context, plane), priorCircles]);
    this.plane.moving = (context, plane) => this.drawGaussians(context, plane);
    steer(this.plane, () => this.position ?? this.answer?.mu ?? [0, 0], (position) => this.point(position));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name), () => this.pick(BLANK, EMPTY));
    whenShown(root, (index) => this.show(index));
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
    if (data.answer.digit !== this.name || this.isBlank) return; // of the digit before
    if (!isNew && !this.answer.full === !data.answer.full) return; // nothing new
    const [z, width, density] = ["z", "width", "density"].map((name) => floatsOf(data.answer[name]));
    this.answer = { ...data.answer, x: z.subarray(0, density.length), y: z.subarray(density.length), width, density };
    this.q = { mean: this.answer.mu, sigma: this.answer.sigma };
    this.find(".fit").disabled = false;
    if (isNew) this.zoomIn();
    this.tell();
  }

  leave() {
    clearTimeout(this.asking);
    clearInterval(this.improving);
  }

  /** A test digit that was clicked on elsewhere on the page. */
  show(index) {
    this.picker.choose(index);
    this.root.scrollIntoView({ behavior: "smooth" });
  }

  pick(x, name) {
    Object.assign(this, { x, name, answer: null, position: null, q: null, isBlank: x.every((level) => level === 0) });
    clearTimeout(this.asking);
    clearInterval(this.improving);
    this.address.keep({ x: name === FIRST ? null : name });
    this.root.classList.toggle("blank", this.isBlank);
    this.find(".exact").textContent = this.isBlank ? "the prior, N(0, I)" : `${this.data.weight === 1 ? "" : "tempered "}p(z|x), exact; ring: its mode`;
    paintDigit(this.find("canvas.x"), x);
    for (const canvas of ["mode", "here"]) paintDigit(this.find(`canvas.${canvas}`), null);
    this.find("tbody").replaceChildren();
    this.find(".parts").textContent = "";
    for (const part of [".improve", ".fits"]) this.find(part).hidden = true;
    if (this.isBlank) {
      this.picker.clear();
      this.find(".reading").textContent = "Without a picture all that is known of z is the prior, N(0, I). Draw something on the black square, and watch how little of the plane is left.";
      return this.plane.reset();
    }
    const { mu, logSigma } = encode(this.model, x);
    this.q = { mean: Array.from(mu), sigma: Array.from(logSigma, Math.exp) };
    paintDigit(this.find("canvas.mu"), decode(this.model, mu));
    this.find(".reading").textContent = "Looking at every point of the plane …";
    this.plane.draw();
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
    const tempered = beta === 1 ? "" : "tempered ";
    this.find(".reading").textContent = `q: μ = ${inWords(this.answer.mu)}, σ = ${inWords(this.answer.sigma)}; exact mode ${inWords(mode)}. q loses ${number(evidence - encoder)} ${tempered}nats against the exact ${tempered}posterior.`;
    const names = beta === 1 ? ["log p(x), exact", "ELBO of the encoder's q"] : ["log ∫ p(x|z)^(1/β) p(z) dz, exact", "the encoder's q: E log p(x|z) / β − KL"];
    const rows = [[names[0], evidence, "#8a94a6"]];
    if (fullBound !== undefined) rows.push([`the best ${tempered}Gaussian`, fullBound, FULL], [`the best ${tempered}one of independent dimensions`, diagonalBound, DIAGONAL]);
    rows.push([names[1], encoder, Q]);
    const most = Math.max(evidence - encoder, SLIGHT);
    this.rows = rows.map(([name, value, color]) => new Row(name, color, value, evidence, most));
    this.find("tbody").replaceChildren(...this.rows.map(({ line }) => line));
    const hasFits = fullBound !== undefined;
    const isFocused = this.root.getRootNode().activeElement === this.find(".fit");
    this.find(".fit").hidden = hasFits;
    for (const part of [".improve", ".fits"]) this.find(part).hidden = !hasFits;
    if (hasFits) {
      if (isFocused) this.find(".improve").focus();
      const parts = { amortisation: diagonalBound - encoder, independence: fullBound - diagonalBound, shape: evidence - fullBound };
      this.find(".parts").replaceChildren(...Object.entries(parts).map(([name, value]) => part(PARTS[name], value, tempered)));
      this.path = floatsOf(path);
    }
    this.plane.draw();
  }

  fit() {
    this.find(".fit").disabled = true;
    this.setStateValue("fitted", this.name);
  }

  /** q goes up its own bound, from the encoder's answer to the best one for this x that is to be reached so. */
  improve() {
    let step = 0;
    clearInterval(this.improving);
    this.improving = setInterval(() => {
      const [a, b, c, d, bound] = this.path.subarray(5 * step, 5 * step + 5);
      this.q = { mean: [a, b], sigma: [c, d] };
      this.find(".reading").textContent = `Gradient step ${step}: q's bound is ${number(bound)} nats; the best q of independent dimensions has ${number(this.answer.diagonalBound)}.`;
      this.rows.at(-1).take(bound, "q on its way up, for this x alone");
      this.plane.show();
      if (5 * ++step >= this.path.length) clearInterval(this.improving);
    }, FRAME);
  }

  drawPosterior(context, plane) {
    if (this.isBlank) return prior(context, plane);
    if (!this.answer) return;
    const { x, y, density, width } = this.answer, scale = plane.size / 2 / plane.limit;
    const edge = (pixels) => Math.round(pixels * plane.ratio) / plane.ratio; // neighbours neither overlap nor part
    for (let n = 0; n < x.length; n++) {
      const [left, top] = plane.toPixels([x[n] - width[n] / 2, y[n] + width[n] / 2]), side = width[n] * scale;
      context.fillStyle = violet(Math.sqrt(density[n]));
      context.fillRect(edge(left), edge(top), edge(left + side) - edge(left), edge(top + side) - edge(top));
    }
  }

  drawGaussians(context, plane) {
    if (!this.q) return;
    const { mean, sigma } = this.q;
    if (this.answer?.full) {
      outline(context, plane, this.answer.full.mean, this.answer.full.covariance, FULL);
      outline(context, plane, this.answer.diagonal.mean, this.answer.diagonal.covariance, DIAGONAL);
      context.setLineDash([9, 7]); // what lies below it is seen
    }
    outline(context, plane, mean, [[sigma[0] ** 2, 0], [0, sigma[1] ** 2]], Q);
    context.setLineDash([]);
    if (this.answer) ring(context, plane, this.answer.mode);
    if (this.position) cross(context, plane, this.position);
  }
}

/** The density of N(0, I), in the posterior's colours: the root of exp(-r^2 / 2). */
function prior(context, plane) {
  const [left, top] = plane.toPixels([0, 0]), unit = plane.size / 2 / plane.limit;
  const shade = context.createRadialGradient(left, top, 0, left, top, PRIOR_REACH * unit);
  for (let r = 0; r <= PRIOR_REACH; r += 0.25) shade.addColorStop(r / PRIOR_REACH, violet(Math.exp((-r * r) / 4)));
  context.fillStyle = shade;
  context.fillRect(0, 0, plane.size, plane.size);
}

function violet(opacity) {
  return `rgba(155, 93, 229, ${opacity})`;
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

/** A row of the table: a bound, and what it loses against the exact value, as a bar and in nats. */
class Row {
  constructor(name, color, value, exact, most) {
    Object.assign(this, { exact, most, line: document.createElement("tr"), bar: document.createElement("div"), lost: document.createElement("span") });
    this.bar.className = "bar";
    this.bar.style.background = color;
    const [label, figure, loss] = ["td", "td", "td"].map((tag) => this.line.appendChild(document.createElement(tag)));
    loss.append(this.bar, this.lost);
    Object.assign(this, { label, figure });
    this.take(value, name);
  }

  take(value, name) {
    const lost = this.exact - value;
    this.label.textContent = name;
    this.figure.textContent = `${number(value)} nats`;
    this.bar.style.width = `${Math.min(Math.max((70 * lost) / this.most, 0), 70).toFixed(1)}%`; // room for the number
    this.lost.textContent = lost ? number(-lost) : "";
  }
}

function part({ color, name, why }, value, tempered) {
  const line = document.createElement("div"), strong = document.createElement("strong");
  strong.textContent = `${number(value)} ${tempered}nats lost by ${name}`;
  strong.style.color = color;
  line.append(strong, `: ${why}`);
  return line;
}
