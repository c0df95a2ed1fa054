// The ladder of KL weights: the same digit through one trained run after another, and what each weight buys and costs.
import { Address } from "./address.js";
import { paintDigit, paintStrip } from "./digit.js";
import { decode, decodeLogits, encode, readModel, reconstructionLoss, reparameterize } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { Plane, axes, dots, ellipse, ellipses, priorCircles, readCodes, ring } from "./plane.js";
import { normals } from "./random.js";
import { RateDistortion } from "./rate_distortion.js";
import { subscript } from "./words.js";

const DRAWS = 8;
const SLICE = 8; // milliseconds of a frame for what need not be there at once
const ELLIPSES = 60;
const ALL_ON = "A dimension that is off is 0, its prior mean, whatever x is.";
const COLUMNS = ["reconstruction", "KL", "−ELBO", "active", "MMD²"];

export default (component) => mount(component, ".ladder", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.find(".whole").addEventListener("click", ({ target }) => {
      this.rate.isWhole = !this.rate.isWhole;
      target.setAttribute("aria-pressed", String(this.rate.isWhole));
      this.rate.show(this.data.points, this.chosen.id, this.data.reference);
    });
    this.rate = new RateDistortion(this.find(".rate canvas"), (id) => this.take(id));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".rungs").addEventListener("input", (event) => this.choose(this.rungs[Number(event.target.value)]));
  }

  open(data, parcels, { setTriggerValue }) {
    Object.assign(this, { data, setTriggerValue, x: null, off: new Set(), due: new Set(), images: parcels.images });
    this.address = new Address("ladder", data.given);
    this.draws = Array.from({ length: DRAWS }, (_, n) => normals(n + 1, data.latentDim));
    this.ae = { model: readModel(parcels.ae) };
    this.rungs = data.rungs.map((rung) => ({ ...rung, model: readModel(parcels[`model ${rung.id}`]), codes: readCodes(parcels[`codes ${rung.id}`], parcels.labels, rung.dims, data.codes) }));
    this.buildTable();
    this.buildMultiples(parcels.labels);
    this.find(".rungs").max = this.rungs.length - 1;
    const wanted = this.address.state.chosen ?? data.reference;
    this.chosen = [wanted, data.reference].map((id) => this.rungs.find((rung) => rung.id === id)).find(Boolean) ?? this.rungs[0];
    this.find(".dashed").hidden = !data.reference;
    this.picker.stock(parcels.images, parcels.labels, data.hard);
    this.picker.open(this.address.state.x ?? FIRST);
    this.choose(this.chosen);
  }

  leave() {
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.measuring);
    this.frame = null;
  }

  /** A point of the rate-distortion plane: a rung, or another run, whose weights the server has to send first. */
  take(id) {
    const rung = this.rungs.find((one) => one.id === id);
    rung ? this.choose(rung) : this.setTriggerValue("chosen", id);
  }

  /** The heart of it: another weight answers in the same frame. */
  choose(rung) {
    this.chosen = rung;
    this.find(".rungs").value = this.rungs.indexOf(rung);
    this.find(".rungs").setAttribute("aria-valuetext", `KL weight ${rung.label}`);
    this.find(".beta").textContent = `β = ${rung.label}`;
    for (const one of this.rungs) for (const element of [one.line, one.figure]) element.classList.toggle("is-chosen", one === rung);
    this.rate.show(this.data.points, rung.id, this.data.reference);
    this.rate.canvas.setAttribute("aria-label", `β = ${rung.label}: KL ${rung.kl.toFixed(1)} nats, reconstruction ${rung.reconstruction.toFixed(1)} nats; the arrow keys go to the next run`);
    this.buildDimensions();
    this.address.keep({ chosen: rung.id === this.data.reference ? null : rung.id });
    this.answer();
    this.measure();
  }

  /** Another digit: the chosen rung answers at once, the others a few milliseconds a frame. */
  pick(x, name) {
    this.x = x;
    this.address.keep({ x: name === FIRST ? null : name });
    paintDigit(this.find("canvas.x"), x);
    paintDigit(this.find("canvas.ae"), decode(this.ae.model, encode(this.ae.model, x).mu));
    this.answer();
    this.rungs.forEach((rung) => this.due.add(rung));
    this.due.add(this.ae);
    const slice = () => {
      const began = performance.now();
      for (const one of this.due) {
        if (performance.now() - began > SLICE) break;
        this.due.delete(one);
        this.drawLine(one);
      }
      this.frame = this.due.size ? requestAnimationFrame(slice) : null;
    };
    this.frame ??= requestAnimationFrame(slice);
  }

  answer() {
    if (!this.x) return;
    const { model, label, klPerDimension } = this.chosen, code = encode(model, this.x);
    paintDigit(this.find("canvas.mean"), decode(model, this.switchedOff(code.mu)));
    paintStrip(this.find(".draws canvas"), this.draws.map((eps) => decode(model, this.switchedOff(reparameterize(code, eps))).slice()));
    const { reconstruction, kl, negativeElbo, active } = this.chosen;
    this.find(".reading").textContent = `All 10,000 test digits at β = ${label}: reconstruction ${reconstruction.toFixed(1)} + KL ${kl.toFixed(1)} = −ELBO ${negativeElbo.toFixed(1)} nats; ${active} of ${klPerDimension.length} dimensions active. This digit: σ = ${Array.from(code.logSigma.slice(0, 4), (s) => Math.exp(s).toPrecision(2)).join(", ")}${code.mu.length > 4 ? ", …" : "."}`;
    for (const rung of this.rungs) {
      rung.own = rung === this.chosen ? code : encode(rung.model, this.x);
      rung.plane.show();
    }
  }

  switchedOff(z) {
    return this.off.size ? z.map((value, d) => (this.off.has(d) ? 0 : value)) : z;
  }

  buildDimensions() {
    const most = Math.max(...this.chosen.klPerDimension, 1); // a nat at least: what has collapsed shall look so
    this.find(".dimensions").replaceChildren(
      ...this.chosen.klPerDimension.map((kl, d) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: `z${subscript(d + 1)}: ${kl.toFixed(2)} nats` });
        button.style.setProperty("--share", `${((100 * kl) / most).toFixed(1)}%`);
        button.setAttribute("aria-pressed", String(this.off.has(d)));
        button.addEventListener("click", () => {
          this.off.has(d) ? this.off.delete(d) : this.off.add(d);
          button.setAttribute("aria-pressed", String(this.off.has(d)));
          this.answer();
          this.measure();
        });
        return button;
      }),
    );
  }

  /** The reconstruction loss with and without what is switched off, digit after digit of the test set, one eps a digit. */
  measure() {
    cancelAnimationFrame(this.measuring);
    const { model } = this.chosen, off = [...this.off], count = this.images.length / 784;
    if (!off.length) return (this.find(".measured").textContent = ALL_ON);
    this.find(".measured").setAttribute("aria-busy", "true"); // read out when it is done
    let n = 0, sum = 0, squares = 0;
    const slice = () => {
      const began = performance.now();
      for (; n < count && performance.now() - began < SLICE; n++) {
        const x = Float32Array.from(this.images.subarray(n * 784, n * 784 + 784), (level) => level / 255);
        const z = reparameterize(encode(model, x), normals(n, this.data.latentDim));
        const difference = reconstructionLoss(model, decodeLogits(model, this.switchedOff(z)), x) - reconstructionLoss(model, decodeLogits(model, z), x);
        sum += difference;
        squares += difference ** 2;
      }
      const mean = sum / n, error = Math.sqrt(Math.max(squares / n - mean ** 2, 0) / n);
      this.find(".measured").textContent = `${n < count ? "Measuring … " : ""}Without ${off.map((d) => `z${subscript(d + 1)}`).join(", ")}: reconstruction loss ${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(2)} ± ${error.toFixed(2)} nats, on ${n.toLocaleString("en")} of ${count.toLocaleString("en")} test digits`;
      if (n < count) this.measuring = requestAnimationFrame(slice);
      else this.find(".measured").setAttribute("aria-busy", "false");
    };
    this.measuring = requestAnimationFrame(slice);
  }

  buildTable() {
    const table = this.find(".table"), prior = Array.from({ length: DRAWS }, (_, n) => normals(1000 + n, this.data.latentDim));
    table.replaceChildren(element("div", "line head", ["β", "x̂ at μ, then eight draws of ε", "eight z from N(0, I), decoded", ...COLUMNS].map((name) => element("span", "", name))));
    const add = (one, name, numbers, isRung) => {
      one.digits = Object.assign(strip(DRAWS + 1, `${name}: the chosen digit at μ and at eight draws`), { className: "strip digits" });
      one.samples = Object.assign(strip(DRAWS, `${name}: eight samples of N(0, I), decoded`), { className: "strip samples" });
      paintStrip(one.samples, prior.map((z) => decode(one.model, z).slice()));
      const label = isRung ? Object.assign(document.createElement("button"), { type: "button", textContent: name }) : element("strong", "", name);
      if (isRung) label.addEventListener("click", () => this.choose(one));
      one.line = element("div", "line", [label, element("em", "", "x̂ at μ, then eight draws of ε"), one.digits, element("em", "", "eight z from N(0, I), decoded"), one.samples, ...numbers.map((number) => (number instanceof Node ? number : element("span", "", number)))]);
      one.line.querySelectorAll("span").forEach((span, column) => (span.dataset.name = COLUMNS[column]));
      table.append(one.line);
    };
    add(this.ae, "AE", [this.data.ae.reconstruction.toFixed(1), "–", "–", String(this.data.ae.active), squared(this.data.ae.mmd)], false);
    for (const rung of this.rungs) add(rung, `β ${rung.label}`, [rung.reconstruction.toFixed(1), rung.kl.toFixed(1), rung.negativeElbo.toFixed(1), String(rung.active), squared(rung.mmd)], true);
  }

  drawLine(one) {
    const code = encode(one.model, this.x), zs = [code.mu, ...this.draws.map((eps) => reparameterize(code, eps))];
    paintStrip(one.digits, zs.map((z) => decode(one.model, z).slice()));
  }

  buildMultiples(labels) {
    const { limit, colors } = this.data;
    this.find(".multiples").replaceChildren();
    for (const rung of this.rungs) {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `β = ${rung.label}: the codes of ${rung.codes.x.length.toLocaleString("en")} test digits`);
      rung.figure = element("figure", "", [element("figcaption", "", [`β = ${rung.label}`, element("small", "", rung.where)]), canvas]);
      this.find(".multiples").append(rung.figure);
      rung.plane = new Plane(canvas, [axes, dots, ellipses(ELLIPSES), priorCircles]);
      rung.plane.moving = (context, plane) => this.drawOwn(context, plane, rung);
      rung.plane.take(rung.codes, labels, colors, limit);
      canvas.addEventListener("click", () => this.choose(rung));
    }
  }

  drawOwn(context, plane, { own, dims }) {
    if (!own) return;
    const onPlane = (values, second) => (dims.length > 1 ? dims.map((d) => values[d]) : [values[0], second]);
    const at = onPlane(own.mu, 0), sigma = onPlane(own.logSigma, -Infinity).map(Math.exp); // one dimension lies on a line
    ring(context, plane, at);
    Object.assign(context, { strokeStyle: "#f08c00", lineWidth: 2 });
    for (const times of [1, 2]) ellipse(context, plane, at, sigma.map((s) => s * times));
  }
}

function element(tag, className, content) {
  const made = Object.assign(document.createElement(tag), { className });
  made.append(...[content].flat());
  return made;
}

function strip(columns, label) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 28 * columns, height: 28 });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

/** A squared MMD; whoever points at it sees what chance alone makes. */
function squared({ value, low, high }) {
  const [words, from, to] = [value, low, high].map((number) => number.toFixed(4).replace("-", "−"));
  return Object.assign(element("span", "", `${words}${value <= high ? " (chance)" : ""}`), { title: `chance alone: ${from} to ${to} (95 % of 200 permutations)` });
}
