// Pictures that are SVG, as SVG of their own: what the page's style sheets say of them goes along.
import { layOut, MARGIN, pageColors } from "./caption.js";

const SVG = "http://www.w3.org/2000/svg";
const STYLES = [
  ..."fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linejoin paint-order opacity".split(
    " ",
  ),
  ..."font-family font-size font-weight font-style text-anchor dominant-baseline".split(" "),
  ..."visibility overflow image-rendering shape-rendering".split(" "),
];

/** Whether a picture is SVG. */
export const isVector = (picture) => picture.matches("svg, .js-plotly-plot");

/** A picture that is SVG as an element that stands alone, as large as on the page. */
export function standalone(picture) {
  if (picture.matches("svg")) return copyOf(picture);
  const { left, top, width, height } = picture.getBoundingClientRect();
  const layers = [...picture.querySelectorAll("svg.main-svg")].map((layer) => {
    const place = layer.getBoundingClientRect();
    const copy = copyOf(layer);
    copy.setAttribute("x", place.left - left);
    copy.setAttribute("y", place.top - top);
    return copy;
  });
  return drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...layers);
}

/** A picture and its caption on the page's own background, as the text of an SVG file. */
export function asSvg(picture, caption) {
  const { paper, ink } = pageColors();
  const inside = standalone(picture);
  const [width, height] = ["width", "height"].map((side) => Number(inside.getAttribute(side)));
  const below = layOut(caption, width);
  const size = { width: below.width + 2 * MARGIN, height: height + below.height + 2 * MARGIN };
  inside.setAttribute("x", MARGIN);
  inside.setAttribute("y", MARGIN);
  const lines = below.lines.map(({ text, size, weight, y }) => {
    const place = { x: MARGIN, y: MARGIN + height + y, fill: ink, "font-family": "sans-serif" };
    return drawn("text", { ...place, "font-size": size, "font-weight": weight }, text);
  });
  const whole = drawn(
    "svg",
    { ...size, viewBox: `0 0 ${size.width} ${size.height}` },
    drawn("title", {}, caption.title),
    drawn("desc", {}, `${caption.settings}\n${caption.address}`),
    drawn("rect", { width: "100%", height: "100%", fill: paper }),
    inside,
    ...lines,
  );
  return new XMLSerializer().serializeToString(whole);
}

function copyOf(svg) {
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  for (const [index, part] of [copy, ...copy.querySelectorAll("*")].entries()) {
    const style = getComputedStyle(originals[index]);
    if (style.display === "none" && originals[index].closest("defs") === null) part.setAttribute("display", "none");
    for (const name of STYLES) part.style.setProperty(name, style.getPropertyValue(name));
    // In another font, which has other widths, every text keeps its place.
    if (part.matches("text") && !part.children.length && part.textContent) {
      part.setAttribute("textLength", originals[index].getComputedTextLength());
      part.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
    for (const name of ["class", "tabindex", "role"]) part.removeAttribute(name);
  }
  copy.removeAttribute("style");
  for (const name of ["color", "font-family", "font-size"]) {
    copy.style.setProperty(name, getComputedStyle(svg).getPropertyValue(name));
  }
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return copy;
}

function drawn(tag, attributes, ...content) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...content);
  return node;
}
