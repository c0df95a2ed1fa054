// The legend of the classes: their colours; a press on one shows it alone, more of them, or all again.
import { inkOn } from "../shared/colors.js";
import { element } from "../shared/element.js";

const CLASSES = 10;
const EVERY = Array.from({ length: CLASSES }, (_, label) => label);

export class Legend {
  /** root: where the buttons are put; changed(hidden): what follows, with the set of the classes that are hidden. */
  constructor(root, changed) {
    this.changed = changed;
    this.buttons = EVERY.map((label) => this.button(String(label), () => this.press(label)));
    this.all = this.button("All", () => this.show(EVERY));
    root.append(...this.buttons, this.all);
  }

  button(text, act) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      act();
      this.changed(this.hidden);
    });
    return button;
  }

  /** colors: one a class; unseen: the classes that the run was not trained on, which a star marks. */
  paint(colors, unseen) {
    for (const [label, button] of this.buttons.entries()) {
      const isUnseen = unseen.includes(label);
      button.textContent = isUnseen ? `${label}*` : String(label);
      button.title = isUnseen ? "never seen in its training" : "";
      button.style.setProperty("--class", colors[label]);
      button.style.setProperty("--ink", inkOn(colors[label]));
    }
  }

  /** Where all are shown a press leaves one alone; then it adds one or takes it away; without any all are shown. */
  press(label) {
    if (this.shown.size === CLASSES) return this.show([label]);
    const others = [...this.shown].filter((one) => one !== label);
    const wanted = this.shown.has(label) ? others : [...others, label];
    this.show(wanted.length ? wanted : EVERY);
  }

  show(labels) {
    this.shown = new Set(labels);
    for (const [label, button] of this.buttons.entries()) {
      button.setAttribute("aria-pressed", String(this.shown.has(label)));
    }
    this.all.setAttribute("aria-pressed", String(this.shown.size === CLASSES));
  }

  get hidden() {
    return new Set(EVERY.filter((label) => !this.shown.has(label)));
  }

  /** What an address says of it: the classes that are shown, null for all. */
  get text() {
    return this.shown.size === CLASSES ? null : [...this.shown].sort().join(",");
  }

  set text(text) {
    this.show(text ? text.split(",").map(Number) : EVERY);
  }
}
