// What q loses over many test digits: a histogram of each part, and the digits with most of it.
import { floatsOf } from "../shared/bytes.js";
import { paintDigit, SIDE } from "../shared/digit.js";
import { element } from "../shared/element.js";
import { mount } from "../shared/mount.js";
import { asPicture } from "../shared/pictures.js";
import { TestDigits } from "../shared/test_digits.js";
import { PARTS, POSTERIOR } from "./parts.js";
import { show } from "./shown.js";

const BINS = 8; // a decade
const HEIGHT = 78; // of the highest bar, pixels
const HEAD = 34; // pixels for the words above, two lines
const FLOOR = HEAD + HEIGHT;
const SVG = "http://www.w3.org/2000/svg";

export default (component) => mount(component, ".gaps", View);

class View {
  constructor(root) {
    this.root = root;
  }

  async open(data, { labels }) {
    Object.assign(this, { digits: new TestDigits(data.images, labels, data.classNames), done: null });
    await this.update(data);
  }

  /** More digits have been measured. */
  async update({ done, rows, decades, tempered }) {
    if (done === this.done) return;
    this.done = done;
    await this.digits.fetch(...rows.flatMap(({ most = [] }) => most.map(({ index }) => index)));
    if (this.done !== done) return; // there are more by now
    const named = (row) => ({
      color: POSTERIOR,
      name: "all of it",
      why: tempered ? "KL(q ‖ the tempered posterior)" : "log p(x) − ELBO",
      ...PARTS[row.part],
      ...row,
    });
    this.root.replaceChildren(
      ...rows.map(named).flatMap((row) => [histogram(row, decades, tempered), row.most ? this.gallery(row) : scale()]),
    );
  }

  leave() {}

  gallery({ name, most }) {
    const buttons = most.map(({ index, nats }) => {
      const words = `Test digit ${index}: ${inNats(nats)} nats of ${name}`;
      const picture = element("canvas", { className: "digit", width: SIDE, height: SIDE });
      paintDigit(picture, this.digits.pixels(index));
      const properties = { type: "button", title: words, "aria-label": words };
      const button = element("button", properties, picture, inNats(nats));
      button.addEventListener("click", () => show(index));
      return button;
    });
    const title = element("p", {}, `Most lost by ${name}, in nats; a click shows the digit above`);
    return element("section", {}, title, element("div", { className: "most" }, ...buttons));
  }
}

function scale() {
  const words =
    "All four have the same axis, in nats: a step to the next number is ten times as many nats. Solid line: the " +
    "median, half of the digits lose less. Dashed line: the mean, which a few bad digits can pull far to the right.";
  return element("p", {}, words);
}

/** decades: the powers of ten at the ends of the axis; what is below its start is in the first bar. */
function histogram({ color, name, why, values, mean, median }, decades, tempered) {
  const words = `${name}: median ${inNats(median)} nats, mean ${inNats(mean)} nats`;
  const svg = drawn("svg", { role: "img", "aria-label": words, "data-picture": `Lost by ${name}` });
  const nats = floatsOf(values);
  asPicture(svg, { numbers: () => ({ digit: Array.from(nats.keys()), nats }) });
  svg.append(...bars(nats, decades, `var(--${color})`));
  svg.append(drawn("line", { x1: 0, x2: "100%", y1: FLOOR, y2: FLOOR }));
  svg.append(...numbers(decades));
  svg.append(...marker("median", median, 12, decades), ...marker("mean", mean, 28, decades));
  const title = element("h4", {}, name, element("span", {}, `${tempered ? ", tempered" : ""}: ${why}`));
  title.style.color = `color-mix(in srgb, var(--${color}) 60%, var(--st-text-color))`;
  return element("section", {}, title, svg);
}

/** Where a number of nats is on the axis, in percent; of 0 and less: 0. */
function across(value, [from, to]) {
  return (100 * Math.min(Math.max(Math.log10(Math.max(value, 0)) - from, 0), to - from)) / (to - from);
}

function bars(values, decades, fill) {
  const [from, to] = decades;
  const counts = new Array((to - from) * BINS).fill(0);
  const bar = 100 / counts.length;
  for (const value of values) counts[Math.min(Math.floor(across(value, decades) / bar), counts.length - 1)]++;
  const most = Math.max(...counts);
  return counts.map((count, bin) => {
    const height = (HEIGHT * count) / most;
    return drawn("rect", { x: `${bin * bar}%`, width: `${0.9 * bar}%`, y: FLOOR - height, height, fill });
  });
}

/** The powers of ten below the axis. */
function numbers(decades) {
  const [from, to] = decades;
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const power = from + index;
    const anchor = power === from ? "start" : power === to ? "end" : "middle";
    const place = { x: `${across(10 ** power, decades)}%`, y: FLOOR + 16, "text-anchor": anchor };
    return drawn("text", place, `${power === from ? "≤ " : ""}${+(10 ** power).toPrecision(1)}`);
  });
}

/** A line at the median or the mean, and what it is. */
function marker(kind, value, y, decades) {
  const x = `${across(value, decades)}%`;
  const [dx, anchor] = across(value, decades) < 72 ? [5, "start"] : [-5, "end"];
  return [
    drawn("line", { class: kind, x1: x, x2: x, y1: y - 11, y2: FLOOR, "stroke-width": 2 }),
    drawn("text", { x, dx, y, "text-anchor": anchor, "font-weight": 700 }, `${kind} ${inNats(value)} nats`),
  ];
}

/** Nats in three digits or so. */
function inNats(value) {
  return value < 0.0005 ? "< 0.001" : value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

function drawn(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}
