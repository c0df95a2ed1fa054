// The skip link: the first thing that the Tab key reaches, so that nobody tabs through the navigation on each page.
import { element } from "./element.js";

const ID = "skip-to-lesson"; // assets/style.css shows it while it has the focus

/** Has the page's skip link put the focus on what `find` returns. */
export function skipTo(find) {
  const link = element("a", { id: ID, href: "#" }, "Skip to the lesson");
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the address stays
    find()?.focus();
  });
  document.getElementById(ID)?.remove(); // that of the page before
  document.body.prepend(link);
}
