// The pictures of a page in its fold "Take home": each as PNG, as SVG where it is one, and its numbers as CSV. All is
// made in the browser, at the click.
import { element } from "../element.js";
import { roots } from "../roots.js";
import { captionNow, fileName, save } from "./caption.js";
import { asCanvas } from "./paint.js";
import { asCsv, hasNumbers } from "./table.js";
import { asSvg, isVector } from "./vector.js";

const PICTURES = "[data-picture], figure, .strips, .js-plotly-plot";
const DRAWN = "canvas, svg, img";
const ELSEWHERE = ".choice, .steps"; // where one chooses a digit, and the lesson's card
const GONE = "This picture is not on the page any more. Close this fold and open it again.";
const KINDS = {
  PNG: { is: () => true, ending: "png", make: async (...what) => blobOf(await asCanvas(...what)) },
  SVG: { is: isVector, ending: "svg", make: (...what) => new Blob([asSvg(...what)], { type: "image/svg+xml" }) },
  CSV: { is: hasNumbers, ending: "csv", make: (...what) => new Blob([asCsv(...what)], { type: "text/csv" }) },
};
const STYLE = `
  .pictures { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .3rem .8rem; align-items: center;
    max-width: 44rem; margin-bottom: .8rem; font-size: .95rem; }
  .pictures > p { grid-column: 1 / -1; margin: 0; }
  .pictures > div { display: flex; gap: .4rem; }
  .pictures button { font: inherit; color: inherit; background: none; cursor: pointer; padding: .15rem .6rem;
    border: 1px solid rgba(138, 148, 166, .6); border-radius: 8px; min-height: 32px; }
  .pictures button:hover { border-color: #7048c8; }
  @media (pointer: coarse) { .pictures button { min-height: 44px; min-width: 44px; } }
`;

/** Puts the list of the pictures that are on the page now into a fold, in the place of an older one. */
export function listPictures(fold) {
  fold.querySelector(".pictures")?.remove();
  const said = element("p", { role: "status" });
  const rows = found().flatMap((picture) => row(picture, said));
  const head =
    "Pictures as they are on the page now: PNG twice as large as there, SVG to enlarge, CSV with the numbers.";
  fold.append(
    element("div", { className: "pictures" }, element("style", {}, STYLE), element("p", {}, head), ...rows, said),
  );
}

/** From above downwards; one that lies in another goes with that. */
function found() {
  const all = roots().flatMap((root) => [...root.querySelectorAll(PICTURES)].filter(isPicture));
  const place = (one) => one.getBoundingClientRect();
  return all
    .filter((one) => !all.some((other) => other !== one && other.contains(one)))
    .sort((a, b) => place(a).top - place(b).top || place(a).left - place(b).left);
}

function isPicture(one) {
  if (!one.getClientRects().length || one.closest(ELSEWHERE)) return false;
  return one.dataset.picture !== undefined || one.matches(DRAWN) || one.querySelector(DRAWN) !== null;
}

/** A picture's name: its own, its caption, or what it says of itself. */
export function titleOf(picture) {
  const texts = [
    picture.dataset.picture,
    picture.querySelector("figcaption")?.textContent,
    picture.getAttribute("aria-label"),
    picture.layout && titleOfPlot(picture.layout),
    headingAbove(picture),
    Array.from(picture.querySelectorAll(":scope > span"), ({ textContent }) => textContent).join(", "),
  ];
  return plain(texts.find((text) => text?.trim()) ?? "picture");
}

/** What a plot's panels are called, and what its axes show. */
function titleOfPlot(layout) {
  const panels = layout.annotations?.filter(({ yref, yanchor }) => yref === "paper" && yanchor === "bottom") ?? [];
  const titles = (letter) =>
    Object.entries(layout).flatMap(([name, axis]) =>
      name.startsWith(`${letter}axis`) ? (axis.title?.text ?? []) : [],
    );
  const shown = [panels.map(({ text }) => text).join(", "), titles("y").join(", ")].filter(Boolean).join(": ");
  return [shown, titles("x")[0]].filter(Boolean).join(" against ");
}

/** The heading under which a picture of the page's own stands; empty for what is in a component. */
function headingAbove(picture) {
  const isBefore = (heading) => heading.compareDocumentPosition(picture) & Node.DOCUMENT_POSITION_FOLLOWING;
  const headings = picture.getRootNode() === document ? [...document.querySelectorAll(".stMain h2, .stMain h3")] : [];
  return headings.filter(isBefore).at(-1)?.textContent ?? "";
}

/** Without Plotly's tags. */
const plain = (text) =>
  text
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();

function row(picture, said) {
  const title = titleOf(picture);
  const buttons = Object.entries(KINDS)
    .filter(([, kind]) => kind.is(picture))
    .map(([name, kind]) => {
      const button = element("button", { type: "button", "aria-label": `${name}: ${title}` }, name);
      button.addEventListener("click", () => give(picture, kind, said));
      return button;
    });
  return [element("span", {}, title), element("div", {}, ...buttons)];
}

async function give(picture, { ending, make }, said) {
  said.textContent = "";
  try {
    if (!picture.getClientRects().length) throw new Error(GONE);
    const caption = { title: titleOf(picture), ...captionNow() };
    save(await make(picture, caption), fileName(caption, ending));
  } catch (error) {
    said.textContent = error.message;
  }
}

const blobOf = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
