// Drawings that are collected, each with its label, by a class or in one browser: own pictures are made of them.
import { element } from "../shared/element.js";
import { membership, routeOf } from "./membership.js";

const KEPT = "ae-vae-lab collection"; // in this browser: the code of its own, for who is in no class
const NEEDED = 200; // drawings of a dataset (vae/own_data/checks.py)
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ";
let ownCode = null;

/** The code under which is collected: the class's, or one of this browser's own. */
function codeOf() {
  const { isMember, kept } = membership();
  if (isMember) return kept.code;
  try {
    ownCode ??= localStorage.getItem(KEPT);
  } catch {} // a browser that keeps nothing: then it lasts as long as the page
  if (!/^[A-Z]{5}$/.test(ownCode ?? "")) {
    ownCode = Array.from({ length: 5 }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join("");
    try {
      localStorage.setItem(KEPT, ownCode);
    } catch {}
  }
  return ownCode;
}

/** A row in which what is drawn is given a label and added; drawing(): its pixels as a link has them, null for none. */
export function collecting(drawing) {
  const label = element("input", {
    type: "text",
    maxLength: 20,
    "aria-label": "What you have drawn",
    placeholder: "label",
  });
  const add = element("button", { type: "button" }, "Add");
  const said = element("span", { role: "status" });
  const way = element("a", { target: "_blank" }, "Make a dataset of them");
  way.hidden = true;
  let added = null;
  const send = async () => {
    const pixels = drawing();
    if (!pixels || !label.value.trim()) {
      said.textContent = pixels ? "Type what you have drawn." : "Draw something first.";
      return;
    }
    if (pixels === added) {
      said.textContent = "This one is added: draw the next.";
      return;
    }
    const code = codeOf();
    add.disabled = true;
    try {
      const answer = await fetch(routeOf(`/${code}/drawing`), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ label: label.value, pixels }),
      });
      if (!answer.ok) throw new Error(await answer.text());
      const { count, all } = await answer.json();
      added = pixels;
      const needed = all < NEEDED ? ` of the ${NEEDED} that a dataset needs` : "";
      said.textContent = `Added: ${count} × “${label.value.trim()}”. ${code} has ${all}${needed}.`;
      way.href = new URL(`./pictures?collected=${code}`, document.baseURI).href;
      way.hidden = false;
    } catch (error) {
      said.textContent = error instanceof TypeError ? "The lab cannot be reached just now: try again." : error.message;
    }
    add.disabled = false;
  };
  add.addEventListener("click", send);
  label.addEventListener("keydown", ({ key }) => key === "Enter" && send());
  return element("div", { className: "row collecting" }, element("label", {}, "Label ", label), add, said, way);
}
