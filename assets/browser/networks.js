// The picture of the two networks with one digit on its way through both, and its latest passes as strips.
import { Address } from "./address.js";
import { paintDigit, paintStrip } from "./digit.js";
import { decode, encode, klDivergence, readModel, reparameterize } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { normals } from "./random.js";
import { inWords } from "./words.js";

const SHOWN = 8; // passes that stay on the page
const LAST = 99999;
const ROWS = { x: "x, what went in", ae: "x̂ of the AE, and its z", vae: "x̂ of the VAE, and its z" };

export default (component) => mount(component, ".networks", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.findAll = (query) => root.querySelectorAll(query);
    this.canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.find(".again").addEventListener("click", () => this.passAgain());
    for (const [row, name] of Object.entries(ROWS)) {
      this.find(".passes").insertAdjacentHTML("beforeend", `<span>${name}</span><div class="pass ${row}"><canvas class="strip" width="${28 * SHOWN}" height="28" role="img" aria-label="${name}"></canvas></div>`);
    }
  }

  open(data, parcels) {
    this.address = new Address("home", data.given);
    this.models = { ae: readModel(parcels.ae), vae: readModel(parcels.vae) };
    const { x, passes } = this.address.state;
    this.passes = Number(passes ?? 1);
    this.picker.stock(parcels.images, parcels.labels, data.hard);
    this.picker.open(x ?? FIRST);
  }

  leave() {}

  /** Another digit, which passes through as often as the one before. */
  pick(x, name) {
    this.x = x;
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
    const { ae, vae } = this.models, z = encode(ae, this.x).mu, code = encode(vae, this.x), answer = decode(ae, z);
    const first = Math.max(1, this.passes - SHOWN + 1);
    const passes = Array.from({ length: this.passes - first + 1 }, (_, index) => {
      const eps = normals(first + index, code.mu.length), drawn = reparameterize(code, eps);
      return { eps, z: drawn, pixels: decode(vae, drawn).slice() };
    });
    const latest = passes.at(-1);
    this.picture({ x: this.x, ae_x_hat: answer, vae_x_hat: latest.pixels });
    this.say({
      ae_z: inWords(z), mu: inWords(code.mu), sigma: inWords(code.logSigma.map(Math.exp)), eps: inWords(latest.eps),
      vae_z: inWords(latest.z), kl: klDivergence(code).toFixed(1),
    });
    this.find(".count").textContent = `${this.passes === 1 ? "One pass" : `${this.passes.toLocaleString("en")} passes`} of the same digit`;
    this.strip("x", passes.map(() => ({ pixels: this.x })));
    this.strip("ae", passes.map(() => ({ pixels: answer, z })));
    this.strip("vae", passes);
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
      for (const element of this.findAll(`text.${name}, tspan.${name}`)) element.textContent = text;
    }
  }

  strip(row, passes) {
    const element = this.find(`.pass.${row}`), canvas = element.querySelector("canvas");
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    paintStrip(canvas, passes.map(({ pixels }) => pixels));
    element.replaceChildren(canvas, ...passes.map(({ z }) => Object.assign(document.createElement("span"), { textContent: z ? inWords(z) : "" })));
  }
}
