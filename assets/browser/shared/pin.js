// "Pin this": a picture that stays, still, beside the next one. The address says which (pages/shared/pin.py). It is
// drawn by another view of the same class, of the same parcels, that keeps nothing in the address (`Pinned`).
import { Address, followAddress } from "./address.js";
import { element } from "./element.js";
import { mount } from "./mount.js";
import { setView } from "./view.js";

/** What a pinned picture has for an address: what is given, and nothing is kept. */
class Pinned {
  constructor(state) {
    this.state = state;
  }

  keep() {}

  write() {}
}

/** What a picture keeps in the address; page: a name, data: what the server sends. */
export const addressOf = (page, { isPinned, given }) => (isPinned ? new Pinned(given) : new Address(page, given));

/**
 * As `mount`, for a component whose html has its root alone within `.comparison`, and in it a button `.pin`. Its View
 * has `said`, what it shows beside the run, in words.
 */
export async function mountWithPin(component, selector, View) {
  const frame = component.parentElement.querySelector(".comparison");
  frame.comparison ??= new Comparison(frame, selector, View);
  const ends = await Promise.all([mount(component, selector, View), frame.comparison.take(component)]);
  return () => {
    for (const end of ends) end();
  };
}

class Comparison {
  constructor(frame, selector, View) {
    Object.assign(this, { frame, selector, View, live: frame.querySelector(selector) });
    this.markup = this.live.outerHTML; // before there is a view of it
    frame.addEventListener("click", ({ target }) => {
      if (target.closest(".pin")) this.pin();
    });
    this.parts = null; // of what is pinned, once something is
  }

  /** Shows what the server says is pinned; returns what ends that. */
  async take(component) {
    this.data = component.data;
    const { toPin, pinned } = this.data;
    this.frame.classList.toggle("has-pin", Boolean(pinned));
    if (!pinned) this.remove();
    if (!pinned) return () => {};
    this.parts ??= this.build();
    const { now, title, picture } = this.parts;
    now.firstChild.textContent = `Now: ${toPin.title}`;
    const { end, said } = await this.draw(component, picture);
    title.textContent = [`Pinned: ${pinned.title}`, said].filter(Boolean).join(" · ");
    picture.setAttribute("aria-label", title.textContent);
    return end;
  }

  async draw(component, picture) {
    const end = await mount(
      { ...component, data: component.data.pinned.data, parentElement: picture },
      this.selector,
      this.View,
    );
    const { view, isOpen } = picture.querySelector(this.selector);
    return { end, said: isOpen ? view.said : "" };
  }

  /** The live picture's title, and the pinned one with its own and its buttons. */
  build() {
    const now = element("div", { className: "now-head" }, element("p", { className: "title" }));
    const title = element("p", { className: "title" });
    const use = element("button", { type: "button" }, "Use the pinned one");
    const unpin = element("button", { type: "button" }, "Unpin");
    use.addEventListener("click", () => this.use());
    unpin.addEventListener("click", () => followAddress({ pin: null }));
    const head = element("div", { className: "pinned-head" }, title, use, unpin);
    const picture = element("div", { className: "pinned", role: "group", innerHTML: this.markup });
    for (const canvas of picture.querySelectorAll("canvas")) {
      canvas.removeAttribute("tabindex");
      canvas.setAttribute("role", "img");
    }
    for (const status of picture.querySelectorAll("[role=status]")) status.setAttribute("aria-live", "off");
    this.frame.prepend(now);
    this.frame.append(head, picture);
    return { now, title, head, picture };
  }

  remove() {
    for (const part of Object.values(this.parts ?? {})) part.remove();
    this.parts = null;
  }

  /** Pins what is on show, in place of what was pinned before. */
  pin() {
    const { address } = this.live.view;
    const { own, others } = this.data.toPin;
    address.write(); // what it has not written yet
    const view = { ...others, ...Object.fromEntries(own.map((name) => [name, address.state[name] ?? null])) };
    const pin = Object.entries(view).filter(([, value]) => value !== null);
    followAddress({ pin: pin.flat().join(" ") });
  }

  /** Goes back to what is pinned. */
  use() {
    const { toPin, pinned } = this.data;
    const { view } = pinned;
    setView(Object.fromEntries(toPin.own.map((name) => [name, view[name]])));
    followAddress(view);
  }
}
