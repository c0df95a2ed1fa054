// How a page's component starts: its view is made once, and opened whenever the server sends another subject.
import { element } from "./element.js";
import { fetchParcels, NoParcel } from "./parcels.js";
import { SET_VIEW, viewSet } from "./view.js";

const WAITING = "The models are on their way …"; // what the components' html says until their view is open

/**
 * View: a class with open(data, parcels, component), leave() and perhaps update(data), made of the component's root
 * element. Returns what Streamlit calls at the end.
 */
export async function mount(component, selector, View) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(selector);
  root.call = (root.call ?? 0) + 1;
  const { call } = root;
  const isFirst = root.call === 1 && !data.isPinned;
  root.data = isFirst ? { ...data, given: { ...data.given, ...viewSet() } } : data;
  const unfollow = data.isPinned ? () => {} : follow(component, root, View); // what is pinned stays
  const end = () => {
    unfollow();
    if (root.call === call) root.view?.leave(); // a later call ends by itself
  };
  if (root.subject === data.subject) {
    if (root.isOpen) await update(component, root, View);
    return end;
  }
  if (root.isOpen) root.view.leave();
  Object.assign(root, { subject: data.subject, isOpen: false });
  await open(component, root, View);
  return end;
}

/** Has a view show what a step of the lesson asks for (view.js), until what is returned is called. */
function follow(component, root, View) {
  const listen = async ({ detail }) => {
    root.data = { ...root.data, given: { ...(root.isOpen ? {} : root.data.given), ...detail } };
    if (!root.isOpen) return; // it opens with that
    root.view.leave();
    await open(component, root, View);
    root.view.address?.write();
  };
  window.addEventListener(SET_VIEW, listen);
  return () => window.removeEventListener(SET_VIEW, listen);
}

/** What comes for the same subject; most views need nothing. */
async function update(component, root, View) {
  const { subject } = root;
  try {
    await root.view.update?.(root.data);
  } catch (error) {
    if (root.subject === subject) complain(root, error, () => open(component, root, View));
  }
}

async function open(component, root, View) {
  const { subject } = root;
  root.querySelector(".not-here")?.remove();
  root.inert = !root.isReady; // whoever uses a control before there is anything behind it would lose that
  try {
    const parcels = await fetchParcels(root.data.parcels);
    if (root.subject !== subject) return; // another one has come meanwhile
    root.view ??= made(root, View);
    root.isOpen = true;
    await root.view.open(root.data, parcels, component);
    root.isReady = true;
    root.inert = false;
  } catch (error) {
    root.inert = false; // to try again
    if (root.subject === subject) complain(root, error, () => open(component, root, View));
  }
}

/** A view of the root; where it cannot be made, the root is as before, for another try. */
function made(root, View) {
  const markup = root.innerHTML;
  try {
    return new View(root);
  } catch (error) {
    root.innerHTML = markup;
    throw error;
  }
}

/** Says that something could not be fetched, or shown, and offers to try again; nothing is on its way any more. */
function complain(root, error, tryAgain) {
  const isFetched = !(error instanceof NoParcel);
  if (isFetched) console.error(error); // a fault, with its place
  for (const status of root.querySelectorAll("[role=status]")) {
    if (status.textContent === WAITING) status.textContent = "";
  }
  root.querySelector(".not-here")?.remove();
  const button = element("button", { type: "button" }, "Try again");
  button.addEventListener("click", tryAgain);
  const words = isFetched
    ? "A part of this page could not be shown: the lab has a fault, or this browser is too old for it. "
    : `A part of this page could not be fetched. ${error.message} `;
  root.prepend(element("p", { className: "not-here", role: "alert" }, words, button));
}
