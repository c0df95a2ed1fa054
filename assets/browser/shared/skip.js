// The skip link: the first thing that the Tab key reaches, so that nobody tabs through the navigation on each page.
import { element } from "./element.js";

const ID = "skip-to-lesson"; // assets/style.css shows it while it has the focus

/** Has the page's skip link, one in a visit, put the focus on what `find` returns. */
export function skipTo(find) {
  let link = document.getElementById(ID);
  if (!link) {
    link = element("a", { id: ID, href: "#" }, "Skip to the lesson");
    document.body.prepend(link);
  }
  link.onclick = (event) => {
    event.preventDefault(); // the address stays
    find().focus();
  };
}
