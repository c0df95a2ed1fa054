// The lesson plan: the core and what goes deeper, with what one learns, and how far this visitor is.
import { element } from "../shared/element.js";
import { lessonLink } from "../shared/lesson_link.js";
import { progressOf } from "../shared/progress.js";

export default function ({ data, parentElement }) {
  parentElement.querySelector(".parts").replaceChildren(
    part(
      "Core",
      data.lessons.filter((lesson) => lesson.isCore),
    ),
    part(
      "Deeper",
      data.lessons.filter((lesson) => !lesson.isCore),
    ),
  );
  for (const name of ["handout", "runs"]) parentElement.querySelector(`.${name}`).href = data[name];
}

function part(title, lessons) {
  const minutes = lessons.reduce((sum, lesson) => sum + lesson.minutes, 0);
  const rows = lessons.map((lesson) => element("li", {}, row(lesson)));
  return element("div", {}, element("h3", {}, `${title} (about ${minutes} minutes)`), element("ol", {}, ...rows));
}

function row(lesson) {
  const { isBegun, share } = progressOf(lesson.name);
  const [mark, said] = share >= 1 ? ["✓", "finished"] : isBegun ? ["◐", "begun"] : [`${lesson.number}.`, ""];
  const link = lessonLink(lesson);
  link.append(
    element("span", { title: said }, mark),
    element("strong", {}, lesson.title),
    element("span", {}, `${lesson.minutes} min`),
    element("span", { className: "learns" }, lesson.learns),
  );
  return link;
}
