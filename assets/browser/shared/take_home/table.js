// The numbers of a picture as CSV: what its makers gave (pictures.js), a plot's curves, or the levels of its pixels.
import { givesOf } from "../pictures.js";

const FIGURES = 9; // of a number: a float32 is told apart from its neighbours
const PIXELS = "canvas.digit, canvas.strip, .strips img"; // digits, of which the levels are the numbers
const PARTS = "canvas, svg, img";

/** Whether a picture has numbers, or will have once it is whole. */
export const hasNumbers = (picture) => isPlot(picture) || Boolean(picture.matches(PIXELS) || partsOf(picture).length);

/** The text of a CSV file: three lines with # that say what it is, the columns' names, and the rows. */
export function asCsv(picture, { title, settings, address }) {
  const parts = numbersOf(picture).filter(([, columns]) => rowsIn(columns));
  if (!parts.length) throw new Error("There are no numbers yet. Wait until the picture is whole.");
  const names = [...new Set(parts.flatMap(([, columns]) => Object.keys(columns)))];
  const first = parts.length > 1 ? ["part"] : [];
  const lines = [title, settings, address].map((words) => `# ${words.replace(/\s+/g, " ")}`);
  lines.push([...first, ...names].map(cell).join(","));
  for (const [part, columns] of parts) {
    for (let row = 0; row < rowsIn(columns); row++) {
      const values = names.map((name) => columns[name]?.[row]);
      lines.push([...first.map(() => part), ...values].map(cell).join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A number, a text, or nothing, as it stands between commas. */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(Number.isFinite(value) ? +value.toPrecision(FIGURES) : value);
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const rowsIn = (columns) => Math.max(0, ...Object.values(columns).map(({ length }) => length));
const isPlot = (picture) => picture.matches(".js-plotly-plot");

/** [name of the part, {column: values}] of each part. */
function numbersOf(picture) {
  const own = givesOf(picture).numbers;
  if (own) return [["", own()]];
  if (isPlot(picture)) return [["", curves(picture)]];
  return partsOf(picture).map((part) => [nameOf(part), (givesOf(part).numbers ?? (() => levels(part)))()]);
}

function partsOf(picture) {
  const all = [picture, ...picture.querySelectorAll(PARTS)].filter((part) => part.getClientRects().length);
  return all.filter((part) => givesOf(part).numbers || part.matches(PIXELS));
}

function nameOf(part) {
  const words = part.closest("figure")?.querySelector("figcaption")?.textContent ?? "";
  return (words || part.getAttribute("aria-label") || part.getAttribute("alt") || "").replace(/\s+/g, " ").trim();
}

/** Every point of a plot's curves, with the curve's name and what its vertical axis shows. */
function curves(plot) {
  const columns = { panel: [], curve: [], x: [], y: [], error: [] };
  const text = (axis) => plot._fullLayout[axis.replace(/^([xy])/, "$1axis")]?.title?.text ?? "";
  for (const { name, x = [], y = [], xaxis = "x", yaxis = "y", error_y, visible } of plot._fullData) {
    if (visible !== true) continue;
    for (let n = 0; n < Math.min(x.length, y.length); n++) {
      columns.panel.push([titleOfPanel(plot, yaxis), text(yaxis), text(xaxis)].filter(Boolean).join(" | "));
      columns.curve.push(name);
      columns.x.push(x[n]);
      columns.y.push(y[n]);
      columns.error.push(error_y?.array?.[n]);
    }
  }
  return columns;
}

/** A panel's own title: Plotly writes it as an annotation above the middle of the panel. */
function titleOfPanel(plot, yaxis) {
  const vertical = plot._fullLayout[yaxis.replace("y", "yaxis")];
  const across = plot._fullLayout[(vertical.anchor ?? "x").replace("x", "xaxis")]?.domain ?? [0, 1];
  const middle = (across[0] + across[1]) / 2;
  const isAbove = ({ xref, yref, x, y, yanchor }) =>
    xref === "paper" && yref === "paper" && yanchor === "bottom" &&
    Math.abs(x - middle) < 1e-3 && Math.abs(y - vertical.domain[1]) < 1e-3; // biome-ignore format: one question
  return plot._fullLayout.annotations?.find(isAbove)?.text ?? "";
}

/** The levels of a picture's pixels, 0 to 255, a row of it a row; what is transparent between digits is left out. */
function levels(part) {
  const [width, height] = [part.naturalWidth ?? part.width, part.naturalHeight ?? part.height];
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d");
  context.drawImage(part, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = (row, column) => 4 * (row * width + column);
  const drawn = Array.from({ length: width }, (_, column) => column).filter((column) => data[at(0, column) + 3]);
  const rows = Array.from({ length: height }, (_, row) => row);
  const columns = drawn.map((column, n) => [`pixel ${n + 1}`, rows.map((row) => data[at(row, column)])]);
  return columns.length ? { row: rows.map((row) => row + 1), ...Object.fromEntries(columns) } : {};
}
