// The ladder of KL weights: the same digit through one trained run after another, and what each weight buys and costs.
import { Address, FIRST } from "../shared/address.js";
import { columnsOf, onPlane, readCodes } from "../shared/codes.js";
import { paintDigit, paintStrip, stripCanvas } from "../shared/digit.js";
import { element } from "../shared/element.js";
import { axes } from "../shared/layers/axes.js";
import { dots } from "../shared/layers/dots.js";
import { ellipses, ownQ } from "../shared/layers/ellipses.js";
import { ring } from "../shared/layers/marks.js";
import { priorCircles } from "../shared/layers/prior_circles.js";
import { decode, decodeLogits, encode, readModel, reconstructionLoss, reparameterize } from "../shared/model.js";
import { mount } from "../shared/mount.js";
import { fetchParcel } from "../shared/parcels.js";
import { Picker } from "../shared/picker.js";
import { asPicture } from "../shared/pictures.js";
import { Plane } from "../shared/plane.js";
import { normals } from "../shared/random.js";
import { RateDistortion } from "../shared/rate_distortion.js";
import { Due, inSlices } from "../shared/slices.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords, subscript } from "../shared/words.js";
import { buildParts, inParts, partsAsColumns, sumOf } from "./kl_parts.js";

const DRAWS = 8;
const ELLIPSES = 60;
const TICK = 34; // pixels that a weight under the slider takes
const ALL_ON = "A dimension that is off is 0, its prior mean, whatever x is.";
const AT_MU = "x̂ at μ, then eight draws of ε";
const FRESH = "eight z from N(0, I), decoded";
const COLUMNS = ["reconstruction", "KL", "−ELBO", "active", "MMD²"];

export default (component) => mount(component, ".ladder", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.find(".whole").addEventListener("click", ({ target }) => {
      this.rate.isWhole = !this.rate.isWhole;
      target.setAttribute("aria-pressed", String(this.rate.isWhole));
      this.rate.show(this.data.points, this.chosen.id, this.data.reference, this.data.otherSeeds);
    });
    this.rate = new RateDistortion(this.find(".rate canvas"), (id) => this.take(id));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".rungs").addEventListener("input", (event) => this.choose(this.rungs[Number(event.target.value)]));
    for (const event of ["pointerenter", "focus"]) {
      this.find(".rungs").addEventListener(event, () => this.fetchOthers());
    }
    asPicture(this.find(".rate canvas"), { numbers: () => pointsOf(this.data.points) });
    asPicture(this.find(".kl-parts"), { numbers: () => partsAsColumns(this.rungs) });
    asPicture(this.find(".table"), { numbers: () => figuresOf(this.rungs) });
    const isSeen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.fetchOthers();
    });
    for (const query of [".table", ".multiples"]) isSeen.observe(this.find(query));
  }

  async open(data, parcels, { setTriggerValue }) {
    Object.assign(this, { data, setTriggerValue, x: null, off: new Set(), isFetching: false });
    this.due = new Due((one) => this.drawLine(one));
    this.digits = new TestDigits(data.images, parcels.labels, data.classNames);
    this.address = new Address("ladder", data.given);
    this.draws = Array.from({ length: DRAWS }, (_, n) => normals(n + 1, data.latentDim));
    this.ae = { model: readModel(parcels.ae) };
    this.rungs = data.rungs.map((rung) => ({
      ...rung,
      model: null,
      codes: readCodes(parcels[`codes ${rung.id}`], parcels.labels, rung.dims, data.codes),
    }));
    this.buildTable();
    buildParts(this.find(".bars"), this.rungs, (rung) => this.choose(rung));
    this.find(".kl-parts .hint").textContent = data.klWords;
    this.buildMultiples(parcels.labels);
    this.find(".rungs").max = this.rungs.length - 1;
    this.find(".ticks").replaceChildren(...this.ticks());
    const wanted = this.address.state.chosen ?? data.reference;
    this.chosen =
      [wanted, data.reference].map((id) => this.rungs.find((rung) => rung.id === id)).find(Boolean) ?? this.rungs[0];
    this.find(".dashed").hidden = !data.reference;
    await this.fetchModel(this.chosen);
    await this.picker.open(this.digits, data.hard, this.address.state.x ?? FIRST);
    this.choose(this.chosen, !data.isAwaited);
  }

  /** Weights under the slider: as many as find room. */
  ticks() {
    const last = Math.max(this.rungs.length - 1, 1);
    const every = Math.ceil((TICK * last) / Math.max(this.find(".rungs").clientWidth, TICK));
    return this.rungs.map(({ weight, isOwn }, place) => {
      const tick = element("span", { className: isOwn ? "is-own" : "" }, isOwn || place % every ? "·" : String(weight));
      tick.style.left = `${((100 * place) / last).toFixed(2)}%`;
      return tick;
    });
  }

  /** A rung's model comes when it is first wanted: all of them together are as large as the rest of the lab. */
  async fetchModel(rung) {
    if (rung.model) return;
    rung.model = readModel(await fetchParcel(rung.parcel));
    this.drawSamples(rung);
    if (this.x) this.drawLine(rung);
  }

  /** The models of all rungs, those nearest to the chosen one first. */
  async fetchOthers() {
    if (this.isFetching || !this.chosen) return;
    this.isFetching = true;
    const place = (rung) => Math.abs(this.rungs.indexOf(rung) - this.rungs.indexOf(this.chosen));
    const { rungs } = this;
    try {
      for (const rung of [...rungs].sort((a, b) => place(a) - place(b))) {
        await this.fetchModel(rung);
        if (this.rungs !== rungs) return; // other runs are shown by now
        this.locate(rung);
      }
    } catch (error) {
      this.isFetching = false; // the next one who looks tries again
      this.find(".reading").textContent = error.message;
    }
  }

  /** A rung that all servers have needs no place in the address, and any other its settings too. */
  keep({ id, settings }) {
    const isReference = id === this.data.reference;
    this.address.keep(isReference ? { chosen: null, settings: null } : { chosen: id, settings: settings || null });
  }

  leave() {
    this.due?.stop();
    this.haltMeasuring?.();
  }

  /** A point of the rate-distortion plane: a rung, or another run, whose weights the server has to send first. */
  take(id) {
    const rung = this.rungs.find((one) => one.id === id);
    if (rung) this.choose(rung);
    else this.setTriggerValue("chosen", id);
  }

  /** The heart of it: another weight answers in the same frame. isKept: the address names it from now on. */
  choose(rung, isKept = true) {
    this.chosen = rung;
    this.find(".rungs").value = this.rungs.indexOf(rung);
    this.find(".rungs").setAttribute("aria-valuetext", `KL weight ${rung.label}`);
    this.find(".beta").textContent = `β = ${rung.label}`;
    for (const one of this.rungs) {
      const bar = this.find(`.bars [data-id="${one.id}"]`);
      for (const part of [one.line, one.figure, bar]) part.classList.toggle("is-chosen", one === rung);
    }
    this.rate.show(this.data.points, rung.id, this.data.reference, this.data.otherSeeds);
    this.rate.canvas.setAttribute(
      "aria-label",
      `β = ${rung.label}: KL ${rung.kl.toFixed(1)} nats, reconstruction ${rung.reconstruction.toFixed(1)} nats; ` +
        "the arrow keys go to the next run",
    );
    this.buildDimensions();
    if (isKept) this.keep(rung);
    if (rung.model) return this.show();
    this.find(".reading").textContent = "This network is on its way …";
    this.showLater(rung);
  }

  async showLater(rung) {
    try {
      await this.fetchModel(rung);
      if (this.chosen === rung) this.show();
    } catch (error) {
      if (this.chosen === rung) this.find(".reading").textContent = error.message;
    }
  }

  show() {
    this.answer();
    this.measure();
  }

  /** Another digit: the chosen rung answers at once, the others a few milliseconds a frame. */
  pick(x, name) {
    this.x = x;
    this.address.keep({ x: name === FIRST ? null : name });
    paintDigit(this.find("canvas.x"), x, `x: ${this.picker.name.textContent}`);
    paintDigit(this.find("canvas.ae"), decode(this.ae.model, encode(this.ae.model, x).mu));
    this.answer();
    this.due.add(...this.rungs.filter((rung) => rung.model), this.ae);
  }

  answer() {
    if (!this.x || !this.chosen.model) return;
    const { model } = this.chosen;
    const code = encode(model, this.x);
    const at = this.switchedOff(code.mu);
    paintDigit(
      this.find("canvas.mean"),
      decode(model, at),
      `β = ${this.chosen.label}: the VAE decodes μ = ${inWords(at)}`,
    );
    paintStrip(
      this.find(".draws canvas"),
      this.draws.map((eps) => decode(model, this.switchedOff(reparameterize(code, eps))).slice()),
    );
    const sigma = Array.from(code.logSigma.slice(0, 4), (s) => Math.exp(s).toPrecision(2)).join(", ");
    this.find(".reading").textContent =
      `${inNats(this.chosen, this.digits.length)} This digit: σ = ${sigma}${code.mu.length > 4 ? ", …" : "."}`;
    for (const rung of this.rungs) this.locate(rung);
  }

  /** Where the digit is on a rung's plane. */
  locate(rung) {
    rung.own = this.x && rung.model ? encode(rung.model, this.x) : null;
    rung.plane.show();
  }

  switchedOff(z) {
    return this.off.size ? z.map((value, d) => (this.off.has(d) ? 0 : value)) : z;
  }

  buildDimensions() {
    const most = Math.max(...this.chosen.klPerDimension, 1); // a nat at least: what has collapsed shall look so
    this.find(".dimensions").replaceChildren(
      ...this.chosen.klPerDimension.map((kl, d) => {
        const button = element("button", { type: "button" }, `z${subscript(d + 1)}: ${kl.toFixed(2)} nats`);
        button.style.setProperty("--share", `${((100 * kl) / most).toFixed(1)}%`);
        button.setAttribute("aria-pressed", String(this.off.has(d)));
        button.addEventListener("click", () => {
          if (!this.off.delete(d)) this.off.add(d);
          button.setAttribute("aria-pressed", String(this.off.has(d)));
          this.answer();
          this.measure();
        });
        return button;
      }),
    );
  }

  /** The reconstruction loss with and without what is switched off, over the test digits, one eps a digit. */
  async measure() {
    this.haltMeasuring?.();
    const measured = this.find(".measured");
    const { model } = this.chosen;
    const call = {};
    this.latestCall = call;
    if (!this.off.size) {
      measured.textContent = ALL_ON;
      return;
    }
    const names = Array.from(this.off, (d) => `z${subscript(d + 1)}`).join(", ");
    await this.digits.fetchAll();
    if (this.latestCall !== call) return; // something else is measured by now
    measured.setAttribute("aria-busy", "true"); // read out when it is done
    const differences = [];
    const next = () => {
      differences.push(this.differenceOf(model, differences.length));
      return differences.length < this.digits.length;
    };
    this.haltMeasuring = inSlices(next, (isDone) => {
      measured.textContent = `${isDone ? "" : "Measuring … "}Without ${names}: ${this.summaryOf(differences)}`;
      if (isDone) measured.setAttribute("aria-busy", "false");
    });
  }

  /** What the dimensions that are off cost a test digit. */
  differenceOf(model, n) {
    const x = this.digits.pixels(n);
    const z = reparameterize(encode(model, x), normals(n, this.data.latentDim));
    const loss = (code) => reconstructionLoss(model, decodeLogits(model, code), x);
    return loss(this.switchedOff(z)) - loss(z);
  }

  summaryOf(differences) {
    const n = differences.length;
    const mean = differences.reduce((sum, value) => sum + value, 0) / n;
    const squares = differences.reduce((sum, value) => sum + value ** 2, 0);
    const error = Math.sqrt(Math.max(squares / n - mean ** 2, 0) / n);
    const loss = `${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(2)} ± ${error.toFixed(2)} nats`;
    const digits = `${n.toLocaleString("en")} of ${this.digits.length.toLocaleString("en")} test digits`;
    return `reconstruction loss ${loss}, on ${digits}`;
  }

  buildTable() {
    this.prior = Array.from({ length: DRAWS }, (_, n) => normals(1000 + n, this.data.latentDim));
    const head = ["β", AT_MU, FRESH, ...COLUMNS].map((name) => element("span", {}, name));
    this.find(".table").replaceChildren(element("div", { className: "line head" }, ...head));
    this.addLine(this.ae, element("strong", {}, "AE"), [
      this.data.ae.reconstruction.toFixed(1),
      "–",
      "–",
      String(this.data.ae.active),
      squared(this.data.ae.mmd),
    ]);
    this.drawSamples(this.ae);
    for (const rung of this.rungs) {
      const button = element("button", { type: "button" }, `β ${rung.label}`);
      button.addEventListener("click", () => this.choose(rung));
      this.addLine(rung, button, [
        rung.reconstruction.toFixed(1),
        element("span", { title: inParts(rung) }, rung.kl.toFixed(1), element("small", {}, sumOf(rung))),
        rung.negativeElbo.toFixed(1),
        String(rung.active),
        squared(rung.mmd),
      ]);
    }
  }

  /** A row of the table; label: an element with its name; cells: texts or elements under COLUMNS. */
  addLine(one, label, cells) {
    const name = label.textContent;
    one.digits = stripCanvas(DRAWS + 1, `${name}: the chosen digit at μ and at eight draws`, "digits");
    one.samples = stripCanvas(DRAWS, `${name}: eight samples of N(0, I), decoded`, "samples");
    const spans = cells.map((cell) => (cell instanceof Node ? cell : element("span", {}, cell)));
    for (const [column, span] of spans.entries()) span.dataset.name = COLUMNS[column];
    const strips = [element("em", {}, AT_MU), one.digits, element("em", {}, FRESH), one.samples];
    one.line = element("div", { className: "line" }, label, ...strips, ...spans);
    this.find(".table").append(one.line);
  }

  drawSamples({ samples, model }) {
    paintStrip(
      samples,
      this.prior.map((z) => decode(model, z).slice()),
    );
  }

  drawLine(one) {
    const code = encode(one.model, this.x);
    const zs = [code.mu, ...this.draws.map((eps) => reparameterize(code, eps))];
    paintStrip(
      one.digits,
      zs.map((z) => decode(one.model, z).slice()),
    );
  }

  buildMultiples(labels) {
    const { limit, colors } = this.data;
    this.find(".multiples").replaceChildren();
    for (const rung of this.rungs) {
      const words = `β = ${rung.label}: the codes of ${rung.codes.x.length.toLocaleString("en")} test digits`;
      const canvas = element("canvas", { role: "img", "aria-label": words });
      const caption = element("figcaption", {}, `β = ${rung.label}`, element("small", {}, rung.where));
      rung.figure = element("figure", {}, caption, canvas);
      this.find(".multiples").append(rung.figure);
      rung.plane = new Plane(canvas, [axes, dots, ellipses(ELLIPSES), priorCircles]);
      rung.plane.moving = (context, plane) => this.drawOwn(context, plane, rung);
      rung.plane.take(rung.codes, labels, colors, limit);
      canvas.addEventListener("click", () => this.choose(rung));
    }
  }

  drawOwn(context, plane, { own, dims }) {
    if (!own) return;
    const at = onPlane(own.mu, dims);
    ring(context, plane, at);
    ownQ(context, plane, at, onPlane(own.logSigma, dims, -Infinity).map(Math.exp)); // one dimension lies on a line
  }
}

/** The runs on the rate-distortion plane, as columns. */
function pointsOf(points) {
  const names = ["id", "weight", "kl", "reconstruction"];
  return Object.fromEntries(names.map((name) => [name, points.map((point) => point[name])]));
}

/** What was measured of each rung, as columns, in nats but for counts and MMD². */
function figuresOf(rungs) {
  const names = ["id", "weight", "reconstruction", "kl", "active"];
  return {
    ...Object.fromEntries(names.map((name) => [name, rungs.map((rung) => rung[name])])),
    "-ELBO": rungs.map(({ negativeElbo }) => negativeElbo),
    "squared MMD": rungs.map(({ mmd }) => mmd.value),
    ...columnsOf(
      "kl of z",
      rungs.map(({ klPerDimension }) => klPerDimension),
    ),
  };
}

/** What a rung pays over all test digits. */
function inNats(rung, count) {
  const { label, reconstruction, kl, negativeElbo, active, klPerDimension } = rung;
  const [loss, rate, sum] = [reconstruction, kl, negativeElbo].map((nats) => nats.toFixed(1));
  const terms = `reconstruction ${loss} + KL ${rate} = −ELBO ${sum} nats`;
  const dimensions = `${active} of ${klPerDimension.length} dimensions active`;
  return `All ${count.toLocaleString("en")} test digits at β = ${label}: ${terms}; ${inParts(rung)}; ${dimensions}.`;
}

/** A squared MMD; whoever points at it sees what chance alone makes. */
function squared({ value, low, high }) {
  const [words, from, to] = [value, low, high].map((number) => number.toFixed(4).replace("-", "−"));
  const title = `chance alone: ${from} to ${to} (95 % of 200 permutations)`;
  return element("span", { title }, `${words}${value <= high ? " (chance)" : ""}`);
}
