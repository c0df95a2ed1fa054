// The exact posterior p(z|x) of a digit, the encoder's q(z|x) over it, and what the one loses against the other.
import { Address, FIRST } from "../shared/address.js";
import { floatsOf } from "../shared/bytes.js";
import { PIXELS, paintDigit } from "../shared/digit.js";
import { steer } from "../shared/gestures.js";
import { axes } from "../shared/layers/axes.js";
import { cross, ring } from "../shared/layers/marks.js";
import { priorCircles } from "../shared/layers/prior_circles.js";
import { decode, encode, readModel } from "../shared/model.js";
import { mount } from "../shared/mount.js";
import { EMPTY, Picker } from "../shared/picker.js";
import { asPicture } from "../shared/pictures.js";
import { Plane } from "../shared/plane.js";
import { bringIntoView } from "../shared/scroll.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords, number } from "../shared/words.js";
import { lossOf, Row } from "./bounds.js";
import { outline, posterior, prior } from "./gaussians.js";
import { ImportanceBound } from "./importance.js";
import { DIAGONAL, FULL, PARTS, Q } from "./parts.js";
import { whenShown } from "./shown.js";
import { COLORS, covering, descend, lost, said } from "./two_ways.js";

const REST = 250; // milliseconds without a change, after which the server is asked
const FRAME = 30; // milliseconds of a step of q
const BLANK = new Float32Array(PIXELS);
const SLIGHT = 0.1; // nats; a smaller loss is a shorter bar

export default (component) => mount(component, ".posterior", View);

class View {
  constructor(root) {
    this.root = root;
    this.find = (query) => root.querySelector(query);
    const exact = (context, plane) => this.drawExact(context, plane);
    this.plane = new Plane(this.find(".half canvas"), [axes, exact, priorCircles]);
    this.plane.moving = (context, plane) => this.drawGaussians(context, plane);
    asPicture(this.plane.canvas, { numbers: () => this.cells() });
    const place = () => this.position ?? this.answer?.mu ?? [0, 0];
    steer(this.plane, place, (position) => this.point(position));
    const empty = () => this.pick(BLANK, EMPTY);
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name), empty);
    this.importance = new ImportanceBound(root);
    whenShown(root, (index) => this.show(index));
    this.find(".near").addEventListener("click", () => this.zoomIn());
    this.find(".far").addEventListener("click", () => this.plane.look(this.plane.view.whole()));
    this.find(".fit").addEventListener("click", () => this.fit());
    this.find(".improve").addEventListener("click", () => this.improve());
    this.find(".inward").addEventListener("click", () => this.settle());
    this.find(".outward").addEventListener("click", () => this.cover());
  }

  async open(data, parcels, { setStateValue }) {
    Object.assign(this, { data, setStateValue, position: null, answer: null, q: null });
    this.address = new Address("posterior", data.given);
    this.model = readModel(parcels.vae);
    this.plane.take({ x: [], y: [] }, [], [], data.reach);
    await this.picker.open(
      new TestDigits(data.images, parcels.labels, data.classNames),
      data.hard,
      this.address.state.x ?? FIRST,
    );
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
    this.importance.know(this.answer.evidence);
    if (isNew) this.zoomIn();
    this.tell();
  }

  leave() {
    clearTimeout(this.asking);
    clearInterval(this.improving);
    clearInterval(this.settling);
    this.importance.leave();
  }

  /** A test digit that was clicked on elsewhere on the page. */
  show(index) {
    this.picker.choose(index);
    bringIntoView(this.root);
  }

  pick(x, name) {
    Object.assign(this, { x, name, answer: null, position: null, q: null, isBlank: x.every((level) => level === 0) });
    clearTimeout(this.asking);
    clearInterval(this.improving);
    clearInterval(this.settling);
    this.ends = {};
    this.find(".ways").textContent = "";
    this.address.keep({ x: name === FIRST ? null : name });
    this.root.classList.toggle("blank", this.isBlank);
    this.find(".exact").textContent = this.isBlank
      ? "the prior, N(0, I)"
      : `${this.data.weight === 1 ? "" : "tempered "}p(z|x), exact; ring: its mode`;
    paintDigit(this.find("canvas.x"), x);
    for (const canvas of ["mode", "here"]) paintDigit(this.find(`canvas.${canvas}`), null);
    this.find("tbody").replaceChildren();
    this.find(".bounds").hidden = true;
    this.find(".parts").textContent = "";
    for (const part of [".improve", ".fits"]) this.find(part).hidden = true;
    this.importance.leave();
    if (this.isBlank) {
      this.picker.clear();
      this.find(".reading").textContent =
        "Without a picture all that is known of z is the prior, N(0, I). " +
        "Draw something on the black square, and watch how little of the plane is left.";
      return this.plane.look(this.plane.view.whole());
    }
    const code = encode(this.model, x);
    const { mu, logSigma } = code;
    this.importance.take(this.model, code, x, this.data.weight, null);
    this.q = { mean: Array.from(mu), sigma: Array.from(logSigma, Math.exp) };
    paintDigit(this.find("canvas.mu"), decode(this.model, mu), `decoded at q's μ = ${inWords(mu)}`);
    this.find(".reading").textContent = "Looking at every point of the plane …";
    this.plane.draw();
    if (this.data.answer.digit === name) this.update(this.data);
    else this.asking = setTimeout(() => this.setStateValue("digit", name), REST);
  }

  point(position) {
    this.position = position.map((value) => +value.toFixed(3));
    const words = `decoded under the pointer, at z = ${inWords(this.position)}`;
    paintDigit(this.find("canvas.here"), decode(this.model, Float32Array.from(this.position)), words);
    this.plane.show();
  }

  zoomIn() {
    if (!this.answer) return;
    const { x, y, mu, sigma } = this.answer;
    const all = [
      [...x, mu[0] - 2 * sigma[0], mu[0] + 2 * sigma[0]],
      [...y, mu[1] - 2 * sigma[1], mu[1] + 2 * sigma[1]],
    ];
    const ends = all.map((values) => [
      values.reduce((a, b) => Math.min(a, b)),
      values.reduce((a, b) => Math.max(a, b)),
    ]);
    const centre = ends.map(([low, high]) => (low + high) / 2);
    const limit = 0.55 * Math.max(...ends.map(([low, high]) => high - low));
    this.plane.view = this.plane.view.with({ centre, limit });
    this.plane.draw();
  }

  /** Numbers and bars: log p(x) and the bounds below it. */
  tell() {
    const { mode, mu, sigma, evidence, encoder } = this.answer;
    const tempered = this.data.weight === 1 ? "" : "tempered ";
    const words = `decoded at the exact mode, z = ${inWords(mode)}`;
    paintDigit(this.find("canvas.mode"), decode(this.model, Float32Array.from(mode)), words);
    this.find(".reading").textContent =
      `q: μ = ${inWords(mu)}, σ = ${inWords(sigma)}; exact mode ${inWords(mode)}. ` +
      `q loses ${number(evidence - encoder)} ${tempered}nats against the exact ${tempered}posterior.`;
    this.buildRows(tempered);
    const hasFits = this.answer.fullBound !== undefined;
    const isFocused = this.root.getRootNode().activeElement === this.find(".fit");
    this.find(".fit").hidden = hasFits;
    for (const part of [".improve", ".fits"]) this.find(part).hidden = !hasFits;
    if (hasFits && isFocused) this.find(".improve").focus();
    if (hasFits) this.tellParts(tempered);
    this.plane.draw();
  }

  buildRows(tempered) {
    const { evidence, encoder, diagonalBound, fullBound } = this.answer;
    const [exact, own] = tempered
      ? ["log ∫ p(x|z)^(1/β) p(z) dz, exact", "the encoder's q: E log p(x|z) / β − KL"]
      : ["log p(x), exact", "ELBO of the encoder's q"];
    const rows = [[exact, "grey", evidence]];
    if (fullBound !== undefined) {
      rows.push([`the best ${tempered}Gaussian`, FULL, fullBound]);
      rows.push([`the best ${tempered}one of independent dimensions`, DIAGONAL, diagonalBound]);
    }
    rows.push([own, Q, encoder]);
    const most = Math.max(evidence - encoder, SLIGHT);
    this.rows = rows.map(([name, color, value]) => new Row(name, color, value, evidence, most));
    this.find("tbody").replaceChildren(...this.rows.map(({ line }) => line));
    this.find(".bounds").hidden = false;
  }

  tellParts(tempered) {
    const { evidence, encoder, diagonalBound, fullBound, path } = this.answer;
    const parts = {
      amortisation: diagonalBound - encoder,
      independence: fullBound - diagonalBound,
      shape: evidence - fullBound,
    };
    const lines = Object.entries(parts).map(([name, value]) => lossOf(PARTS[name], value, tempered));
    this.find(".parts").replaceChildren(...lines);
    this.path = floatsOf(path);
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
      this.find(".reading").textContent =
        `Gradient step ${step}: q's bound is ${number(bound)} nats; ` +
        `the best q of independent dimensions has ${number(this.answer.diagonalBound)}.`;
      this.rows.at(-1).take(bound, "q on its way up, for this x alone");
      this.plane.show();
      if (5 * ++step >= this.path.length) clearInterval(this.improving);
    }, FRAME);
  }

  /** A Gaussian goes from the pointer's place to where KL(q ‖ p) is least nearby. */
  settle() {
    if (!this.answer) return;
    clearInterval(this.settling);
    const { model, x, data, answer } = this;
    const way = descend(model, x, data.weight, this.position ?? answer.mu);
    this.settling = setInterval(() => {
      const { value: q, done } = way.next();
      if (!done) this.end("inward", q);
      else clearInterval(this.settling);
    }, FRAME);
  }

  /** The Gaussian at which KL(p ‖ q) is least. */
  cover() {
    if (this.answer) this.end("outward", covering(this.answer));
  }

  end(way, q) {
    const nats = lost(this.model, this.x, this.data.weight, q, this.answer.evidence);
    this.ends[way] = { q, nats };
    this.find(".ways").textContent = said(this.ends);
    this.plane.show();
  }

  /** The exact posterior's cells as columns: the middle of each, its width, and the density there. */
  cells() {
    const { x = [], y = [], width = [], density = [] } = this.answer ?? {};
    return { "z 1": x, "z 2": y, width, density };
  }

  drawExact(context, plane) {
    if (this.isBlank) prior(context, plane);
    else if (this.answer) posterior(context, plane, this.answer);
  }

  drawGaussians(context, plane) {
    if (!this.q) return;
    const { mean, sigma } = this.q;
    if (this.answer?.full) {
      outline(context, plane, this.answer.full, FULL);
      outline(context, plane, this.answer.diagonal, DIAGONAL);
      context.setLineDash([9, 7]); // what lies below it is seen
    }
    const variance = sigma.map((s) => s ** 2);
    const acrossAndUp = [
      [variance[0], 0],
      [0, variance[1]],
    ];
    outline(context, plane, { mean, covariance: acrossAndUp }, Q);
    context.setLineDash([]);
    for (const [way, { q }] of Object.entries(this.ends ?? {})) {
      const [across, up] = q.logSigma.map((value) => Math.exp(2 * value));
      const covariance = [
        [across, 0],
        [0, up],
      ];
      outline(context, plane, { mean: Array.from(q.mu), covariance }, COLORS[way]);
    }
    if (this.answer) ring(context, plane, this.answer.mode);
    if (this.position) cross(context, plane, this.position);
  }
}
