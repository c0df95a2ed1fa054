// The picture of the two networks with one digit on its way through both, and its latest passes as strips.
import { Address, FIRST } from "../shared/address.js";
import { columnsOf } from "../shared/codes.js";
import { paintDigit, SIDE } from "../shared/digit.js";
import { element } from "../shared/element.js";
import {
  decode,
  decodeLogits,
  encode,
  klPerDimension,
  lastHidden,
  pixelLoss,
  readModel,
  reparameterize,
} from "../shared/model.js";
import { mount } from "../shared/mount.js";
import { Picker } from "../shared/picker.js";
import { asPicture } from "../shared/pictures.js";
import { normals } from "../shared/random.js";
import { bringIntoView } from "../shared/scroll.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords } from "../shared/words.js";
import { NODES, opened } from "./opened.js";

const SHOWN = 8; // passes that stay on the page
const LAST = 99999;

export default (component) => mount(component, ".networks", View);

class View {
  constructor(root) {
    this.root = root;
    this.find = (query) => root.querySelector(query);
    this.findAll = (query) => root.querySelectorAll(query);
    this.canvas = element("canvas", { width: SIDE, height: SIDE });
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".again").addEventListener("click", () => this.passAgain());
    for (const node of this.findAll(".node")) {
      node.addEventListener("click", () => this.toggle(node.dataset.node));
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.toggle(node.dataset.node);
      });
    }
    asPicture(this.find("svg[data-picture]"), { numbers: () => listed(this.numbers) });
    asPicture(this.find(".passes"), { numbers: () => this.drawn });
    this.find(".close").addEventListener("click", () => this.toggle(null));
  }

  async open(data, parcels) {
    this.address = new Address("home", data.given);
    this.models = { ae: readModel(parcels.ae), vae: readModel(parcels.vae) };
    const { x, passes } = this.address.state;
    this.passes = Number(passes ?? 1);
    this.x = null;
    await this.picker.open(new TestDigits(data.images, parcels.labels, data.classNames), data.hard, x ?? FIRST);
  }

  leave() {}

  /** Another digit begins with one pass; a link, or a step, may say how many. */
  pick(x, name) {
    if (this.x) this.passes = 1;
    this.x = x;
    this.address.keep({ passes: this.passes === 1 ? null : String(this.passes) });
    this.address.keep({ x: name === FIRST ? null : name });
    this.show();
  }

  /** One more pass; what its eps will be depends on its number alone. */
  passAgain() {
    this.passes = Math.min(this.passes + 1, LAST);
    this.address.keep({ passes: String(this.passes) });
    this.show();
  }

  show() {
    const { ae, vae } = this.models;
    const codes = { ae: encode(ae, this.x), vae: encode(vae, this.x) };
    const z = codes.ae.mu;
    const code = codes.vae;
    const answer = decode(ae, z);
    const first = Math.max(1, this.passes - SHOWN + 1);
    const passes = Array.from({ length: this.passes - first + 1 }, (_, index) => {
      const eps = normals(first + index, code.mu.length);
      const drawn = reparameterize(code, eps);
      return { eps, z: drawn, pixels: decode(vae, drawn).slice() };
    });
    const latest = passes.at(-1);
    this.numbers = {
      ae: passOf(ae, this.x, { code: codes.ae, z }),
      vae: passOf(vae, this.x, { code, eps: latest.eps, z: latest.z }),
    };
    this.picture({ x: this.x, ae_x_hat: answer, vae_x_hat: latest.pixels });
    this.say({
      ae_z: inWords(z),
      mu: inWords(code.mu),
      sigma: inWords(code.logSigma.map(Math.exp)),
      eps: inWords(latest.eps),
      vae_z: inWords(latest.z),
      kl: this.numbers.vae.kl.toFixed(1),
    });
    for (const node of this.findAll(".node")) node.setAttribute("aria-label", this.spoken(node));
    this.showOpened();
    this.find(".count").textContent =
      this.passes === 1
        ? "One pass of the same digit"
        : `${this.passes.toLocaleString("en")} passes of the same digit${first > 1 ? `, the last ${SHOWN}` : ""}`;
    this.drawn = {
      pass: passes.map((_, index) => first + index),
      ...columnsOf(
        "z of the AE",
        passes.map(() => z),
      ),
      ...columnsOf(
        "z of the VAE",
        passes.map((pass) => pass.z),
      ),
      ...columnsOf(
        "eps",
        passes.map((pass) => pass.eps),
      ),
    };
    this.find(".passes ol").replaceChildren(
      ...passes.map((pass, index) => latestPass(first + index, { pixels: answer, z }, pass)),
    );
  }

  /** A node in words, with its numbers: "z of the VAE: (0.31, −1.20)". */
  spoken(node) {
    node.dataset.called ??= node.getAttribute("aria-label");
    const half = node.dataset.called.endsWith("VAE") ? "vae" : "ae";
    const { z, code, eps, losses, kl } = this.numbers[half];
    const said = {
      z: () => inWords(z),
      mu: () => inWords(code.mu),
      sigma: () => inWords(code.logSigma.map(Math.exp)),
      eps: () => inWords(eps),
      loss: () => `${losses.reduce((sum, nats) => sum + nats, 0).toFixed(1)} nats`,
      kl: () => `${kl.toFixed(1)} nats`,
    }[node.dataset.node];
    return said ? `${node.dataset.called}: ${said()}` : node.dataset.called;
  }

  /** A node that is clicked on opens, and closes when it is clicked on again. */
  toggle(node) {
    this.node = node === this.node ? null : node;
    this.showOpened();
    if (this.node) bringIntoView(this.find(".opened"), "nearest");
  }

  showOpened() {
    const { node, numbers } = this;
    this.root.classList.toggle("is-open", Boolean(node));
    this.find(".opened").hidden = !node || !numbers;
    for (const one of this.findAll(".node")) one.classList.toggle("is-open", one.dataset.node === node);
    if (!node || !numbers) return;
    this.find(".opened h3").textContent = NODES[node][0];
    this.find(".both").replaceChildren(...opened(node, numbers));
  }

  /** Puts digits into the drawing, by the class of their places. */
  picture(digits) {
    for (const [name, pixels] of Object.entries(digits)) {
      paintDigit(this.canvas, pixels);
      for (const image of this.findAll(`image.${name}`)) image.setAttribute("href", this.canvas.toDataURL());
    }
  }

  say(words) {
    for (const [name, text] of Object.entries(words)) {
      for (const place of this.findAll(`text.${name}, tspan.${name}`)) place.textContent = text;
    }
  }
}

/** Every number of both networks, a row each: {network, quantity, index, value}, as columns. */
function listed(numbers) {
  const rows = Object.entries(numbers ?? {}).flatMap(([network, { code, ...others }]) => {
    const { x, y, eps, z, losses, pixels, klPerDimension } = others;
    const [mu, sigma] = [code.logSigma && code.mu, code.logSigma?.map(Math.exp)];
    const nats = { "loss of a pixel, nats": losses, "KL of a dimension, nats": klPerDimension };
    const quantities = { x, y, mu, sigma, eps, z, x_hat: pixels, ...nats };
    return Object.entries(quantities).flatMap(([quantity, values]) =>
      Array.from(values ?? [], (value, n) => [network, quantity, n + 1, value]),
    );
  });
  const column = (at) => rows.map((row) => row[at]);
  return { network: column(0), quantity: column(1), index: column(2), value: column(3) };
}

/** What came out of a pass of both networks, each {pixels, z}: the AE's the same every time. */
function latestPass(number, ae, vae) {
  const parts = Object.entries({ ae, vae }).map(([half, { pixels, z }]) => {
    const canvas = element("canvas", { width: SIDE, height: SIDE, className: `digit ${half}`, role: "img" });
    paintDigit(canvas, pixels, `pass ${number}: the ${half.toUpperCase()}'s answer to z = ${inWords(z)}`);
    return canvas;
  });
  return element("li", {}, ...parts, element("span", {}, inWords(vae.z, 2)));
}

/** Every number of one pass of a digit through a network (opened.js shows them). */
function passOf(model, x, { code, eps = null, z }) {
  const logits = decodeLogits(model, z);
  const losses = Array.from(logits, (logit, i) => pixelLoss(model.likelihood, logit, x[i]));
  const terms = code.logSigma && klPerDimension(code);
  return {
    x,
    y: Array.from(lastHidden(model, x)),
    code,
    eps,
    z,
    losses,
    pixels: decode(model, z).slice(),
    klPerDimension: terms,
    kl: terms?.reduce((sum, nats) => sum + nats, 0),
  };
}
