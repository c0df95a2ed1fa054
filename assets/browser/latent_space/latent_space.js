// The latent space of a pair under the pointer: both planes, their layers, and what both decoders make of any z.
import { FIRST } from "../shared/address.js";
import { onPlane, readCodes } from "../shared/codes.js";
import { paintDigit } from "../shared/digit.js";
import { element } from "../shared/element.js";
import { steer } from "../shared/gestures.js";
import { forBoth, HALVES } from "../shared/halves.js";
import { axes } from "../shared/layers/axes.js";
import { dots } from "../shared/layers/dots.js";
import { ellipses, ownQ } from "../shared/layers/ellipses.js";
import { cross, ring } from "../shared/layers/marks.js";
import { numerals } from "../shared/layers/numerals.js";
import { priorCircles } from "../shared/layers/prior_circles.js";
import { decode, encode, readModel } from "../shared/model.js";
import { Picker } from "../shared/picker.js";
import { addressOf, mountWithPin } from "../shared/pin.js";
import { Plane } from "../shared/plane.js";
import { TestDigits } from "../shared/test_digits.js";
import { inWords } from "../shared/words.js";
import { density, holes, shareInHoles } from "./cells.js";
import { grid } from "./grid.js";
import { Legend } from "./legend.js";
import { ofOne, Pulls } from "./pulls.js";

const MANY = 400; // ellipses drawn at a time
const LAYERS = {
  codes: "codes of the test digits",
  ellipses: "q(z|x) at 1 and 2 σ, to scale (some)",
  prior: "N(0, I) at 1, 2 and 3 σ",
  density: "where codes are likely",
  grid: "what the decoder draws there",
  holes: "holes: within 2 σ of the prior, yet hardly a code",
  pulls: "where one step of the loss (green) and of the KL (red) would move codes",
};
const USUAL = "codes,prior"; // layers
const PULLED =
  "Digit by digit the two need not cancel, for one encoder answers for all. Where a training ends they nearly do on " +
  "the mean over its digits, outwards if μ is linear in y, and on log σ if h gives it.";

export default (component) => mountWithPin(component, ".latent-space", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.root = root;
    this.planes = forBoth((half) => this.buildPlane(half));
    for (const [name, label] of Object.entries(LAYERS)) {
      const box = element("input", { type: "checkbox", name });
      box.addEventListener("change", () => this.switchLayers());
      this.find(".layers").append(element("label", {}, box, label));
    }
    this.legend = new Legend(this.find(".legend"), (hidden) => this.hide(hidden));
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
    this.pulls = new Pulls(
      () => this.switchLayers(),
      () => this.tellPulls(),
    );
  }

  buildPlane(half) {
    const plane = new Plane(this.find(`.${half} canvas`), []);
    const place = () => this.position ?? this.placeOf(half);
    plane.moving = (context) => this.drawMoving(context, half);
    steer(plane, place, (position) => this.point(position, half));
    return plane;
  }

  /** A pair of models with their codes. data.dims: the one or two dimensions of the plane; data.names: the models'. */
  async open(data, parcels) {
    this.data = data;
    this.address = addressOf("latent space", data);
    this.digits = new TestDigits(data.images, parcels.labels, data.classNames);
    this.models = forBoth((half) => readModel(parcels[half]));
    this.codes = forBoth((half) => readCodes(parcels[`codes_${half}`], parcels.labels, data.dims));
    for (const half of HALVES) {
      this.planes[half].take(this.codes[half], parcels.labels, data.colors, data.limits[half], data.classNames);
      this.label(half);
    }
    this.pulls.take(this.models, data.dims, data.latentDim, this.digits, data.weights);
    this.find(".pulled").textContent = "";
    this.pulled = this.own = null;
    const { x, z, layers, classes } = this.address.state;
    this.legend.paint(this.digits.classNames, data.colors, data.unseen);
    this.legend.text = classes;
    for (const half of HALVES) this.planes[half].hidden = this.legend.hidden;
    const on = (layers ?? USUAL).split(",");
    for (const box of this.root.querySelectorAll(".layers input")) box.checked = on.includes(box.name);
    const isLine = data.dims.length < 2; // on which the other axis says nothing, and holes would be everywhere
    this.find(".layers input[name=holes]").parentElement.hidden = isLine;
    if (isLine) this.find(".layers input[name=holes]").checked = false;
    this.position = null;
    await this.picker.open(this.digits, data.hard, x ?? FIRST);
    const position = z?.split(",").map(Number);
    if (position?.length === 2) this.point(position, "vae");
    this.switchLayers();
    await this.digits.fetchAll(); // the pointer comes by all of them
    if (z && this.address.state.z === z) this.point(position, "vae"); // with the digit that is nearest
  }

  label(half) {
    const { captions, names } = this.data;
    this.find(`.${half} figcaption`).textContent = captions[half];
    this.planes[half].canvas.setAttribute("aria-label", `${captions[half]}: the plane of z; arrow keys move z`);
    const digit = this.find(`canvas.digit.${half}`);
    digit.nextElementSibling.textContent = `${names[half]} decodes z`;
  }

  leave() {
    clearTimeout(this.redrawing);
    this.pulls.leave();
  }

  /** A digit was chosen or is being drawn: its codes take the place of the pointer. */
  pick(x, name) {
    this.x = x;
    this.own = forBoth((half) => encode(this.models[half], x));
    this.position = null;
    this.pulled = this.isOn("pulls") ? this.pullsOf(x) : null;
    this.answerDigit();
    this.address.keep({ x: name === FIRST ? null : name, z: null });
    if (this.otherDimensions && this.isOn("grid")) {
      clearTimeout(this.redrawing); // the other dimensions are this digit's, and 800 images take a while
      this.redrawing = setTimeout(() => {
        for (const half of HALVES) this.planes[half].draw();
      }, 200);
    }
  }

  answerDigit() {
    const words = `${this.picker.name.textContent}, where each encoder puts it`;
    this.answer(
      forBoth((half) => this.own[half].mu),
      this.x,
      words,
    );
  }

  /** The heart of it: z goes to both decoders, and what they answer is painted in the same frame. */
  point(position, half) {
    // As the address will have it.
    this.position = position.map((value) => +Math.min(Math.max(value, -999), 999).toFixed(3));
    const index = this.planes[half].nearest(this.position);
    const x = index >= 0 && this.digits.has(index) ? this.digits.pixels(index) : null;
    const z = forBoth((name) => this.latent(this.position, name));
    this.answer(z, x, index < 0 ? "" : this.describe(index));
    this.address.keep({ z: this.position.join(",") });
  }

  answer(z, x, words) {
    for (const half of HALVES) {
      const decodes = `${this.data.names[half]} decodes z = ${inWords(z[half])}`;
      paintDigit(this.find(`canvas.digit.${half}`), decode(this.models[half], z[half]), decodes);
      this.planes[half].show();
    }
    paintDigit(this.find("canvas.digit.x"), x, `x: ${words || "no digit lies here"}`);
    const where = this.position ? `z = ${inWords(this.position)}` : this.codesInWords(z);
    const pulled = this.pulled && !this.position ? `. ${this.pulledInWords()}` : "";
    this.find(".reading").textContent = `${words ? `${where}: ${words}` : where}${pulled}`;
  }

  /** What both terms do to the chosen digit's codes. */
  pullsOf(x) {
    return forBoth((half) => this.pulls.at(half, this.own[half], x));
  }

  pulledInWords() {
    return HALVES.map((half) => `${this.data.names[half]}: ${ofOne(this.pulled[half])}`).join(". ");
  }

  codesInWords(z) {
    const { names, dims } = this.data;
    const said = HALVES.map((half) => {
      const symbol = this.own[half].logSigma ? "μ" : "z";
      return `${names[half]}: ${symbol} = ${inWords(dims.map((d) => z[half][d]))}`;
    });
    return said.join("; ");
  }

  describe(index) {
    const digit = this.digits.nameOf(index).replace("T", "t");
    // In more dimensions than the plane shows, what lies under the pointer need not be near the code that is decoded.
    const others = this.otherDimensions ? ` in this plane (its other ${this.otherDimensions} dimensions differ)` : "";
    return `${digit}, lies here${others}${this.sigmaOf(index)}`;
  }

  sigmaOf(index) {
    const said = HALVES.map((half) => {
      const { wide, high } = this.codes[half];
      if (!wide) return "";
      const sigma = this.data.dims.map((_, axis) => (axis ? high : wide)[index]);
      return `; σ of the ${this.data.names[half]}: ${inWords(sigma)}`;
    });
    return said.join("");
  }

  /** How many dimensions the plane does not show. */
  get otherDimensions() {
    return this.data.latentDim - this.data.dims.length;
  }

  /** Where on the plane the chosen digit's code lies. */
  placeOf(half) {
    return onPlane(this.own[half].mu, this.data.dims);
  }

  /** A position of the plane as a whole code: the other dimensions are the chosen digit's. */
  latent(position, half) {
    const z = this.own[half].mu.slice();
    for (const [axis, dimension] of this.data.dims.entries()) z[dimension] = position[axis];
    return z;
  }

  /** Over the layers: the chosen digit's code with its ellipse, and the cross at z. */
  drawMoving(context, half) {
    if (!this.own) return;
    const plane = this.planes[half];
    const { logSigma } = this.own[half];
    const at = this.placeOf(half);
    ring(context, plane, at);
    if (logSigma) ownQ(context, plane, at, onPlane(logSigma, this.data.dims, -Infinity).map(Math.exp));
    if (this.pulled) this.pulls.draw(context, plane, half, this.pulled[half], 3);
    if (this.position) cross(context, plane, this.position);
  }

  /** What it shows beside the run, in words. */
  get said() {
    const { layers, classes } = this.address.state;
    return [
      this.picker.name.textContent,
      this.position && `z = ${inWords(this.position)}`,
      layers && `layers: ${layers.replaceAll(",", ", ")}`,
      classes && `codes of ${classes.replaceAll(",", ", ")}`,
    ]
      .filter(Boolean)
      .join(" · ");
  }

  isOn(layer) {
    return this.find(`.layers input[name=${layer}]`).checked;
  }

  switchLayers() {
    const on = [...this.root.querySelectorAll(".layers input:checked")].map((box) => box.name);
    for (const half of HALVES) {
      // From below upwards.
      const layers = {
        grid: grid((position) => decode(this.models[half], this.latent(position, half))),
        density,
        holes,
        codes: dots,
        pulls: this.pulls.layer(half),
        ellipses: ellipses(MANY),
        prior: priorCircles,
      };
      const wanted = Object.keys(layers).filter((name) => on.includes(name));
      const plane = this.planes[half];
      plane.layers = [axes, ...wanted.map((name) => layers[name])];
      if (on.includes("codes")) plane.layers.push(numerals);
      plane.draw();
    }
    this.showPulls(on.includes("pulls"));
    this.tellHoles(on.includes("holes"));
    const layers = on.join(",") || "none";
    this.address.keep({ layers: layers === USUAL ? null : layers });
  }

  /** Classes of which no code is drawn, on both planes. */
  hide(hidden) {
    for (const half of HALVES) {
      this.planes[half].hidden = hidden;
      this.planes[half].draw();
    }
    this.address.keep({ classes: this.legend.text });
  }

  /** The arrows, and how long they are; both come when somebody first wants them. */
  showPulls(isOn) {
    if (isOn) this.pulls.want();
    this.tellPulls();
    if (!this.own || isOn === Boolean(this.pulled)) return;
    this.pulled = isOn ? this.pullsOf(this.x) : null;
    if (!this.position) this.answerDigit();
    for (const half of HALVES) this.planes[half].show();
  }

  tellHoles(isOn) {
    const told = () =>
      HALVES.map((half) => `${(100 * shareInHoles(this.planes[half])).toFixed(0)} % (${this.data.names[half]})`);
    const where = this.data.latentDim > 2 ? "within 2 σ, on this plane," : "within 2 σ,";
    const words = isOn ? `Of what one draws from N(0, I) ${where} holes take ${told().join(" and ")}.` : "";
    this.find(".bare").textContent = words;
  }

  tellPulls() {
    const { means } = this.pulls;
    const told = HALVES.map((half) => `${this.data.names[half]}: ${this.pulls.inWords(half)}.`).join(" ");
    const isShown = this.isOn("pulls") && means;
    this.find(".pulled").textContent = isShown
      ? `${PULLED} Means over ${means.count.toLocaleString("en")} test digits: ${told}`
      : "";
  }
}
