// The latent space of a pair under the pointer: both planes, their layers, and what both decoders make of any z.
import { Address } from "./address.js";
import { digitImage, paintDigit } from "./digit.js";
import { decode, encode, readModel } from "./model.js";
import { mount } from "./mount.js";
import { FIRST, Picker } from "./picker.js";
import { Plane, axes, cross, dots, ellipse, ellipses, numerals, priorCircles, readCodes, ring, steer } from "./plane.js";
import { inWords } from "./words.js";

const GRID = 20; // decoded images a side of the background
const CELLS = 40; // cells a side for density and holes
const MANY = 400; // ellipses drawn at a time
const LAYERS = {
  codes: "codes of the test digits",
  ellipses: "q(z|x) at 1 and 2 σ, to scale (some)",
  prior: "N(0, I) at 1, 2 and 3 σ",
  density: "where codes are likely",
  grid: "what the decoder draws there",
  holes: "holes: cells without a code",
};
const HALVES = ["ae", "vae"]; // left and right, by what usually is there: data.names says what is

export default (component) => mount(component, ".latent-space", View);

class View {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.root = root;
    this.planes = {};
    for (const half of HALVES) {
      const plane = new Plane(this.find(`.${half} canvas`), []);
      plane.moving = (context) => this.drawMoving(context, half);
      steer(plane, () => this.position ?? this.placeOf(half), (position) => this.point(position, half));
      this.planes[half] = plane;
    }
    for (const [name, label] of Object.entries(LAYERS)) {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", name });
      const row = document.createElement("label");
      row.append(box, label);
      this.find(".layers").append(row);
      box.addEventListener("change", () => this.switchLayers());
    }
    this.picker = new Picker(this.find(".choice"), (x, name) => this.pick(x, name));
  }

  /** Takes over a pair of models with their codes. data.dims: the one or two dimensions of the plane; data.names: the models'. */
  open(data, parcels) {
    this.data = data;
    this.address = new Address("latent space", data.given);
    this.images = parcels.images;
    this.models = Object.fromEntries(HALVES.map((half) => [half, readModel(parcels[half])]));
    this.codes = Object.fromEntries(HALVES.map((half) => [half, readCodes(parcels[`codes_${half}`], parcels.labels, data.dims)]));
    for (const half of HALVES) {
      this.planes[half].take(this.codes[half], parcels.labels, data.colors, data.limits[half]);
      this.find(`.${half} figcaption`).textContent = data.captions[half];
      this.planes[half].canvas.setAttribute("aria-label", `${data.captions[half]}: the plane of z; arrow keys move z`);
      const digit = this.find(`canvas.digit.${half}`), decodes = `${data.names[half]} decodes z`;
      digit.nextElementSibling.textContent = decodes;
      digit.setAttribute("aria-label", decodes);
    }
    const { x, z, layers = "codes,prior" } = this.address.state;
    for (const box of this.root.querySelectorAll(".layers input")) box.checked = (layers ?? "codes,prior").split(",").includes(box.name);
    this.position = null;
    this.picker.stock(parcels.images, parcels.labels, data.hard);
    this.picker.open(x ?? FIRST);
    const position = z?.split(",").map(Number);
    if (position?.length === 2) this.point(position, "vae");
    this.switchLayers();
  }

  leave() {
    clearTimeout(this.redrawing);
  }

  /** A digit was chosen or is being drawn: its codes take the place of the pointer. */
  pick(x, name) {
    this.x = x;
    this.own = Object.fromEntries(HALVES.map((half) => [half, encode(this.models[half], x)]));
    this.position = null;
    this.answer(Object.fromEntries(HALVES.map((half) => [half, this.own[half].mu])), x, `${this.picker.name.textContent}, where each encoder puts it`);
    this.address.keep({ x: name === FIRST ? null : name, z: null });
    if (this.data.latentDim > this.data.dims.length && this.isOn("grid")) {
      clearTimeout(this.redrawing); // the other dimensions are this digit's, and 800 images take a while
      this.redrawing = setTimeout(() => HALVES.forEach((half) => this.planes[half].draw()), 200);
    }
  }

  /** The heart of it: z goes to both decoders, and what they answer is painted in the same frame. */
  point(position, half) {
    this.position = position.map((value) => +Math.min(Math.max(value, -999), 999).toFixed(3)); // as the address will have it
    const index = this.planes[half].nearest(this.position);
    const x = index < 0 ? null : Float32Array.from(this.images.subarray(index * 784, index * 784 + 784), (level) => level / 255);
    const z = Object.fromEntries(HALVES.map((name) => [name, this.latent(this.position, name)]));
    this.answer(z, x, index < 0 ? "" : `test digit ${index.toLocaleString("en")}, labelled ${this.planes[half].labels[index]}, lies here${this.elsewhere()}${this.sigmaOf(index)}`);
    this.address.keep({ z: this.position.join(",") });
  }

  answer(z, x, words) {
    for (const half of HALVES) {
      paintDigit(this.find(`canvas.digit.${half}`), decode(this.models[half], z[half]));
      this.planes[half].show();
    }
    paintDigit(this.find("canvas.digit.x"), x);
    this.find(".reading").textContent = `${this.position ? `z = ${inWords(this.position)}` : HALVES.map((half) => `${this.data.names[half]}: ${this.own[half].logSigma ? "μ" : "z"} = ${inWords(this.data.dims.map((d) => z[half][d]))}`).join("; ")}${words && `: ${words}`}`;
  }

  /** In more dimensions than the plane shows, what lies under the pointer need not be near the code that is decoded. */
  elsewhere() {
    const others = this.data.latentDim - this.data.dims.length;
    return others ? ` in this plane (its other ${others} dimensions differ)` : "";
  }

  sigmaOf(index) {
    return HALVES.map((half) => {
      const { wide, high } = this.codes[half];
      return wide ? `; σ of the ${this.data.names[half]}: ${inWords(this.data.dims.map((_, axis) => (axis ? high : wide)[index]))}` : "";
    }).join("");
  }

  /** Where on the plane the chosen digit's code lies. */
  placeOf(half) {
    const { mu } = this.own[half], { dims } = this.data;
    return [mu[dims[0]], dims.length > 1 ? mu[dims[1]] : 0];
  }

  /** A position of the plane as a whole code: the other dimensions are the chosen digit's. */
  latent(position, half) {
    const z = this.own[half].mu.slice();
    this.data.dims.forEach((dimension, axis) => (z[dimension] = position[axis]));
    return z;
  }

  /** Over the layers: the chosen digit's code with its ellipse, and the cross at z. */
  drawMoving(context, half) {
    if (!this.own) return;
    const plane = this.planes[half], { logSigma } = this.own[half], at = this.placeOf(half);
    ring(context, plane, at);
    if (logSigma) {
      Object.assign(context, { strokeStyle: "#f08c00", lineWidth: 2 });
      const sigma = [0, 1].map((axis) => (axis < this.data.dims.length ? Math.exp(logSigma[this.data.dims[axis]]) : 0));
      for (const times of [1, 2]) ellipse(context, plane, at, sigma.map((s) => s * times));
    }
    if (this.position) cross(context, plane, this.position);
  }

  isOn(layer) {
    return this.find(`.layers input[name=${layer}]`).checked;
  }

  switchLayers() {
    const on = [...this.root.querySelectorAll(".layers input:checked")].map((box) => box.name);
    for (const half of HALVES) {
      const plane = this.planes[half];
      const all = {
        grid: drawGrid(plane, (position) => decode(this.models[half], this.latent(position, half))),
        density: drawDensity,
        holes: drawHoles,
        codes: dots,
        ellipses: ellipses(MANY),
        prior: priorCircles,
      };
      plane.layers = [axes, ...Object.keys(all).filter((name) => on.includes(name)).map((name) => all[name]), ...(on.includes("codes") ? [numerals] : [])];
      plane.draw();
    }
    const layers = on.join(",") || "none";
    this.address.keep({ layers: layers === "codes,prior" ? null : layers });
  }
}

function cellsOf(plane) {
  const [left, top] = plane.toLatent([0, 0]);
  return { side: plane.size / CELLS, unit: (2 * plane.limit) / CELLS, left, top };
}

/** Cells of the view in which no code lies. */
function drawHoles(context, plane) {
  const { side, unit, left, top } = cellsOf(plane), filled = new Uint8Array(CELLS * CELLS), { x, y } = plane.codes;
  for (let n = 0; n < x.length; n++) {
    const column = Math.floor((x[n] - left) / unit), row = Math.floor((top - y[n]) / unit);
    if (column >= 0 && row >= 0 && column < CELLS && row < CELLS) filled[row * CELLS + column] = 1;
  }
  context.fillStyle = "rgba(230, 73, 128, 0.28)";
  filled.forEach((has, cell) => has || context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side, side));
}

/** The mean of q(z|x) over the test digits (a VAE), or of the codes smoothed by half a cell (an AE), on the view's cells. */
function drawDensity(context, plane) {
  const { side, unit, left, top } = cellsOf(plane), density = new Float32Array(CELLS * CELLS), { x, y, wide, high } = plane.codes;
  const bell = (distance, sigma) => Math.exp(-0.5 * (distance / sigma) ** 2) / sigma;
  for (let n = 0; n < x.length; n++) {
    const [across, up] = [wide ? wide[n] : 0, high ? high[n] : 0].map((sigma) => Math.max(sigma, unit / 2));
    const [c, r] = [(x[n] - left) / unit, (top - y[n]) / unit], [columns, rows] = [Math.ceil((3 * across) / unit), Math.ceil((3 * up) / unit)];
    for (let row = Math.max(0, Math.floor(r) - rows); row <= Math.min(CELLS - 1, Math.floor(r) + rows); row++) {
      const vertical = bell((row + 0.5 - r) * unit, up);
      for (let column = Math.max(0, Math.floor(c) - columns); column <= Math.min(CELLS - 1, Math.floor(c) + columns); column++)
        density[row * CELLS + column] += vertical * bell((column + 0.5 - c) * unit, across);
    }
  }
  const most = density.reduce((a, b) => Math.max(a, b), 1e-9);
  density.forEach((value, cell) => {
    context.fillStyle = `rgba(155, 93, 229, ${0.75 * Math.sqrt(value / most)})`;
    context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side + 0.5, side + 0.5);
  });
}

/** A layer of decoded images over the whole view; it is drawn again only when the view or the chosen digit changes. */
function drawGrid(plane, decodeAt) {
  const small = Object.assign(document.createElement("canvas"), { width: 28 * GRID, height: 28 * GRID }), brush = small.getContext("2d");
  return (context) => {
    for (let row = 0; row < GRID; row++)
      for (let column = 0; column < GRID; column++) {
        const position = plane.toLatent([((column + 0.5) / GRID) * plane.size, ((row + 0.5) / GRID) * plane.size]);
        brush.putImageData(digitImage(decodeAt(position)), column * 28, row * 28);
      }
    context.globalAlpha = 0.6;
    context.drawImage(small, 0, 0, plane.size, plane.size);
    context.globalAlpha = 1;
  };
}
