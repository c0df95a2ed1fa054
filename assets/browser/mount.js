// How a page's component starts: its view is made once, and opened whenever the server sends another subject.
import { missing, whenHere } from "./shelf.js";

const PATIENCE = 1500; // milliseconds; the server sends a component's parcels before the component itself

/** View: a class with open(data, parcels, component) and leave(), made of the component's root element. Returns what Streamlit calls at the end. */
export function mount(component, selector, View) {
  const { data, parentElement } = component, root = parentElement.querySelector(selector);
  const call = (root.call = (root.call ?? 0) + 1);
  const end = () => {
    if (root.call !== call) return; // a later call has taken over, and ends by itself
    if (root.isWaiting) root.subject = null; // so that a call after this one waits again
    root.stopWaiting();
    root.view?.leave();
  };
  root.data = data;
  if (root.subject === data.subject) {
    if (!root.isWaiting) root.view.update?.(data); // what comes for the same subject; most views need nothing
    return end;
  }
  root.stopWaiting?.();
  root.view?.leave();
  Object.assign(root, { subject: data.subject, isWaiting: true, stopWaiting: () => {} });
  const ask = () => {
    const names = missing(data.parcels);
    if (names.length) component.setTriggerValue("missing", names);
  };
  const asking = setInterval(ask, PATIENCE);
  const giveUp = whenHere(data.parcels, (parcels) => {
    root.isWaiting = false;
    clearInterval(asking);
    root.view ??= new View(root);
    root.view.open(root.data, parcels, component);
  });
  root.stopWaiting = () => {
    clearInterval(asking);
    giveUp();
  };
  return end;
}
