// To where a teacher calls: "train?lesson=2&run=…", a page at a step, with a view. The page's own card of steps takes
// it up, for it is there last.
import { goTo } from "./lesson_link.js";

const AGAIN = 2_000; // milliseconds
const OF_THE_PAGE = ["lesson", "join", "present", "embed"];
globalThis.aeVaeLabSteps ??= new Map();
export const places = globalThis.aeVaeLabSteps; // a lesson -> the step at which one left it

/** The page, the number of its step from 0, and the view's other parameters. */
export function readView(view) {
  const [name, query] = view.split("?");
  const parameters = Object.fromEntries(new URLSearchParams(query));
  const at = Number(parameters.lesson ?? 1) - 1;
  for (const one of OF_THE_PAGE) delete parameters[one];
  return { name: name || "home", at, parameters };
}

/** Opens another page at a view. */
export function goToView(view) {
  const { name, at, parameters } = readView(view);
  places.set(name, at + 1);
  globalThis.aeVaeLabCalled = { name, parameters };
  go(globalThis.aeVaeLabCalled, { ...parameters, lesson: String(at + 1) });
}

/** Goes to a page, and again where that was lost with the connection to the server, until it is there. */
function go(called, view) {
  // Where the page has to be loaded anew, the address alone remembers.
  goTo({ href: called.name === "home" ? "./" : `./${called.name}` }, view);
  const look = setInterval(() => {
    const isThere = globalThis.aeVaeLabCalled !== called; // or one was called to another one
    if (isThere || isAtRest()) clearInterval(look);
    if (!isThere && isAtRest()) go(called, view);
  }, AGAIN);
}

/** Whether Streamlit is connected, and no page is on its way. */
function isAtRest() {
  const { testConnectionState, testScriptState } = document.querySelector("[data-testid=stApp]")?.dataset ?? {};
  return testConnectionState === "CONNECTED" && testScriptState === "notRunning";
}

/** The parameters with which one was called to this page; once. The page that one leaves may still be drawn anew. */
export function takeCalled(page) {
  const called = globalThis.aeVaeLabCalled;
  if (called?.name !== page) return null;
  globalThis.aeVaeLabCalled = null;
  return called.parameters;
}
