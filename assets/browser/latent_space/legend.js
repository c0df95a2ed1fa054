// The legend of the classes: their colours; a press on one shows it alone, more of them, or all again.
import { shortened } from "../shared/class_names.js";
import { inkOn } from "../shared/colors.js";
import { element } from "../shared/element.js";

const LONGEST = 12; // letters

export class Legend {
  /** root: where the buttons are put; changed(hidden): what follows, with the set of the classes that are hidden. */
  constructor(root, changed) {
    Object.assign(this, { root, changed, buttons: [], shown: new Set() });
    this.all = this.button("All", () => this.show(this.every));
  }

  button(text, act) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      act();
      this.changed(this.hidden);
    });
    return button;
  }

  /** names and colors: one a class; unseen: the classes that the run was not trained on, which a star marks. */
  paint(names, colors, unseen) {
    if (this.names !== names) {
      this.names = names;
      this.every = names.map((_, label) => label);
      this.buttons = this.every.map((label) => this.button("", () => this.press(label)));
      this.root.replaceChildren(...this.buttons, ...(names.length ? [this.all] : []));
    }
    this.root.querySelector(".unseen")?.remove();
    if (unseen.length) this.root.append(element("small", { className: "unseen" }, "* never seen in its training"));
    for (const [label, button] of this.buttons.entries()) {
      const isUnseen = unseen.includes(label);
      button.textContent = `${shortened(names[label], LONGEST)}${isUnseen ? "*" : ""}`;
      button.title = isUnseen ? "never seen in its training" : "";
      button.style.setProperty("--class", colors[label]);
      button.style.setProperty("--ink", inkOn(colors[label]));
    }
  }

  get showsAll() {
    return this.shown.size === this.every.length;
  }

  /** Where all are shown a press leaves one alone; then it adds one or takes it away; without any all are shown. */
  press(label) {
    if (this.showsAll) return this.show([label]);
    const others = [...this.shown].filter((one) => one !== label);
    const wanted = this.shown.has(label) ? others : [...others, label];
    this.show(wanted.length ? wanted : this.every);
  }

  show(labels) {
    this.shown = new Set(labels);
    for (const [label, button] of this.buttons.entries()) {
      button.setAttribute("aria-pressed", String(this.shown.has(label)));
    }
    this.all.setAttribute("aria-pressed", String(this.showsAll));
  }

  get hidden() {
    return new Set(this.every.filter((label) => !this.shown.has(label)));
  }

  /** What an address says of it: the classes that are shown, null for all. */
  get text() {
    return this.showsAll ? null : [...this.shown].sort((a, b) => a - b).join(",");
  }

  /** A class that these pictures have not is none: where no other is named, all are shown. */
  set text(text) {
    const named = text ? text.split(",").map(Number) : this.every;
    const known = named.filter((label) => label < this.every.length);
    this.show(known.length ? known : this.every);
  }
}
