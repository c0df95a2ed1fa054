// How a page's component starts: its view is made once, and opened whenever the server sends another subject.
import { whenHere } from "./shelf.js";

/** View: a class with open(data, parcels) and leave(), made of the component's root element. Returns what Streamlit calls at the end. */
export function mount(component, selector, View) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(selector);
  if (root.subject === data.subject && root.view) return root.leave; // a rerun that changes nothing here
  root.leave?.();
  root.subject = data.subject;
  const stop = whenHere(data.parcels, (parcels) => {
    root.view ??= new View(root);
    root.view.open(data, parcels, component);
  });
  root.leave = () => {
    stop();
    root.view?.leave();
  };
  return root.leave;
}
