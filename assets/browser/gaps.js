// What q loses over many test digits: a histogram of each part, and the digits with most of it.
import { floatsOf } from "./bytes.js";
import { paintDigit } from "./digit.js";
import { mount } from "./mount.js";
import { PARTS, POSTERIOR } from "./parts.js";
import { show } from "./shown.js";

const BINS = 8; // a decade
const HEIGHT = 78; // of the highest bar, pixels
const HEAD = 34; // pixels for the words above, two lines
const SVG = "http://www.w3.org/2000/svg";

export default (component) => mount(component, ".gaps", View);

class View {
  constructor(root) {
    this.root = root;
  }

  open(data, { images }) {
    Object.assign(this, { images, done: null });
    this.update(data);
  }

  /** More digits have been measured. */
  update({ done, rows, decades, tempered }) {
    if (done === this.done) return;
    this.done = done;
    const named = (row) => ({ color: POSTERIOR, name: "all of it", why: tempered ? "KL(q ‖ the tempered posterior)" : "log p(x) − ELBO", ...PARTS[row.part], ...row });
    this.root.replaceChildren(...rows.map(named).flatMap((row) => [histogram(row, decades, tempered), row.most ? this.gallery(row) : scale()]));
  }

  leave() {}

  gallery({ name, most }) {
    const digits = most.map(({ index, nats }) => {
      const words = `Test digit ${index}: ${inNats(nats)} nats of ${name}`;
      const button = element("button", { type: "button", title: words }), picture = element("canvas", { className: "digit", width: 28, height: 28 });
      button.setAttribute("aria-label", words);
      paintDigit(picture, Float32Array.from(this.images.subarray(index * 784, (index + 1) * 784), (level) => level / 255));
      button.append(picture, inNats(nats));
      button.addEventListener("click", () => show(index));
      return button;
    });
    const gallery = element("div", { className: "most" });
    gallery.append(...digits);
    const block = element("section");
    block.append(element("p", { textContent: `Most lost by ${name}, in nats; a click shows the digit above` }), gallery);
    return block;
  }
}

function scale() {
  return element("p", { textContent: "All four have the same axis, in nats: a step to the next number is ten times as many nats. Solid line: the median, half of the digits lose less. Dashed line: the mean, which a few bad digits can pull far to the right." });
}

/** decades: the powers of ten at the ends of the axis; what is below its start is in the first bar. */
function histogram({ color, name, why, values, mean, median }, [from, to], tempered) {
  const across = (value) => (100 * Math.min(Math.max(Math.log10(Math.max(value, 0)) - from, 0), to - from)) / (to - from); // percent; of 0 and less: 0
  const counts = new Array((to - from) * BINS).fill(0), bar = 100 / counts.length, floor = HEAD + HEIGHT;
  for (const value of floatsOf(values)) counts[Math.min(Math.floor(across(value) / bar), counts.length - 1)]++;
  const most = Math.max(...counts), svg = drawn("svg", { role: "img", "aria-label": `${name}: median ${inNats(median)} nats, mean ${inNats(mean)} nats` });
  counts.forEach((count, bin) => {
    const height = (HEIGHT * count) / most;
    svg.append(drawn("rect", { x: `${bin * bar}%`, width: `${0.9 * bar}%`, y: floor - height, height, fill: color }));
  });
  svg.append(drawn("line", { x1: 0, x2: "100%", y1: floor, y2: floor }));
  for (let power = from; power <= to; power++) {
    const anchor = power === from ? "start" : power === to ? "end" : "middle";
    svg.append(drawn("text", { x: `${across(10 ** power)}%`, y: floor + 16, "text-anchor": anchor }, `${power === from ? "≤ " : ""}${+(10 ** power).toPrecision(1)}`));
  }
  for (const [kind, value, y] of [["median", median, 12], ["mean", mean, 28]]) {
    const x = `${across(value)}%`, [dx, anchor] = across(value) < 72 ? [5, "start"] : [-5, "end"];
    svg.append(drawn("line", { class: kind, x1: x, x2: x, y1: y - 11, y2: floor, "stroke-width": 2 }));
    svg.append(drawn("text", { x, dx, y, "text-anchor": anchor, "font-weight": 700 }, `${kind} ${inNats(value)} nats`));
  }
  const block = element("section"), title = element("h4", { textContent: name });
  title.style.color = color;
  title.append(element("span", { textContent: `${tempered ? ", tempered" : ""}: ${why}` }));
  block.append(title, svg);
  return block;
}

/** Nats in three digits or so. */
function inNats(value) {
  return value < 0.0005 ? "< 0.001" : value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function drawn(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}
