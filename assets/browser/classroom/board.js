// The page of a class: for the teacher its code, who is where, and the lesson plan with votes; what it has trained.
import { digitNow } from "../shared/address.js";
import { goToView } from "../shared/call.js";
import { element } from "../shared/element.js";
import { explainWords } from "../shared/glossary.js";
import { RateDistortion } from "../shared/rate_distortion.js";
import { BOARD, button, ClassRow, placeOf, qrOf, votesOf } from "./class_row.js";
import { membership } from "./membership.js";

const ASK = { votes: "Show the votes", reveal: "Reveal", again: "Ask again" };
const AGAIN = 3_000; // milliseconds
const MOST_LABELS = 12; // of points, beyond which they would lie on each other

export default function ({ data, parentElement }) {
  explainWords();
  const root = parentElement.querySelector(".board");
  root.board ??= new Board(root);
  root.call = (root.call ?? 0) + 1;
  const { call } = root;
  root.board.open(data);
  return () => {
    if (root.call === call) root.board.leave(); // a later call ends by itself
  };
}

class Board {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.class = membership();
    this.rate = new RateDistortion(this.find(".plane"), (run) => this.mark(run));
    this.classRow = new ClassRow(this.find(".class"), {
      question: () => "",
      view: () => null,
      show: () => this.show(),
      go: (view) => this.class.isTeacher || goToView(view), // a teacher may have the votes beside the lesson
      page: () => BOARD,
      asked: () => [],
    });
  }

  open({ plan, given }) {
    if (!this.plan) this.build(plan);
    this.classRow.open(given.join);
  }

  leave() {
    clearTimeout(this.again);
    this.trainedKey = "";
    this.classRow.leave();
  }

  build(plan) {
    this.plan = plan;
    const lessons = plan.map((lesson) => {
      const count = element("span", { className: "count" });
      const summary = element("summary", {}, `${lesson.title} `, count);
      const steps = lesson.steps.map((step, at) => this.step(lesson, step, at));
      lesson.count = count;
      lesson.steps = steps;
      lesson.fold = element("details", {}, summary, ...steps.map(({ place }) => place));
      return element("li", {}, lesson.fold);
    });
    this.find(".plan ol").replaceChildren(...lessons);
  }

  /** A step of the plan: its words, what the teacher can do there, and its votes. */
  step(lesson, { words, options, digit }, at) {
    const question = `${lesson.name}.${at + 1}`;
    const view = `${lesson.name === "home" ? "" : lesson.name}?lesson=${at + 1}`;
    const here = button("Everybody here", () => {
      const of = new URLSearchParams(this.class.now.view.split("?")[1]).get("x"); // where the class is
      const called = `${view}&x=${digit || of || digitNow()}`;
      this.classRow.act("here", { view: called });
      goToView(called);
    });
    const count = element("span", { className: "count" });
    const ask = ["votes", "reveal", "again"].map((act) => button(ASK[act], () => this.classRow.act(act, { question })));
    const votes = element("div", { className: "votes" });
    const row = element("div", { className: "row" }, here, ...(options.length ? [...ask, count] : []));
    const place = element("div", { className: "step" }, element("p", {}, `${at + 1}. ${words}`), row, votes);
    return { question, view, options, ask, count, votes, place };
  }

  show() {
    this.classRow.draw();
    const { isMember, isTeacher, now } = this.class;
    this.find(".alone").hidden = isMember || Boolean(this.class.last);
    this.find(".teaching").hidden = !isTeacher;
    this.find(".trained").hidden = !(isMember && now);
    if (isTeacher) this.showTeaching(now);
    if (isMember && now) this.showTrained(now);
  }

  showTeaching({ members, places, view }) {
    const { kept, link } = this.class;
    this.find(".join .letters").textContent = kept.code;
    const picture = this.find(".join img");
    if (this.link !== link) picture.src = qrOf(kept.code, link);
    this.link = link;
    this.find(".join figcaption").textContent = `${placeOf(link)} · ${members} in the class`;
    for (const lesson of this.plan) {
      const here = places[lesson.name] ?? 0;
      const answered = lesson.steps.filter(({ question }) => this.class.asked(question).answered).length;
      const words = [here && `${here} here`, answered && `votes on ${answered === 1 ? "1 step" : `${answered} steps`}`];
      lesson.count.textContent = words
        .filter(Boolean)
        .map((text) => `· ${text} `)
        .join("");
      for (const step of lesson.steps) this.showStep(step, view, members);
    }
    if (this.view !== view) {
      const called = this.plan.find(({ steps }) => steps.some((step) => isAt(view, step.view)));
      (called ?? this.plan[0]).fold.open = true;
    }
    this.view = view;
  }

  showStep({ question, view, options, ask, count, votes, place }, called, members) {
    place.classList.toggle("is-current", isAt(called, view));
    if (!options.length) return;
    const { answered, isShown, isRevealed, bars, round } = this.class.asked(question);
    [isShown, isRevealed, !isShown].forEach((isHidden, at) => {
      ask[at].hidden = isHidden;
    });
    count.textContent = `${answered} of ${Math.max(answered, members)} answered${round > 1 ? `, round ${round}` : ""}`;
    const shown = bars.slice(0, isShown ? bars.length : -1); // what the class does not see yet is no picture here
    const key = JSON.stringify(shown);
    if (votes.key === key) return;
    votes.key = key;
    votes.replaceChildren(...(shown.length && shown[0] ? votesOf(options, { bars: shown }) : []));
  }

  /** Again whenever there is another run, or one has ended; and where they could not be had, after a while. */
  async showTrained({ runs, ended, settled }) {
    const key = `${this.class.kept.code} ${runs} ${ended} ${settled}`;
    if (this.trainedKey === key) return;
    this.trainedKey = key;
    const hint =
      runs === 0
        ? "Nothing yet. What anybody in the class trains stands here, without a name."
        : `${ended} of ${runs} runs have ended. Nats an image, of the test digits; lower is better.`;
    this.find(".trained .hint").textContent = hint;
    clearTimeout(this.again);
    const rows = await this.class.trained().catch(() => null);
    if (this.trainedKey !== key) return; // there is newer news
    if (rows === null) {
      this.trainedKey = "";
      this.again = setTimeout(() => this.show(), AGAIN);
      return;
    }
    this.rows = rows;
    this.find(".both").hidden = rows.length === 0;
    this.find(".rows").replaceChildren(rows.length ? this.table(rows) : "");
    this.draw();
  }

  table(rows) {
    const head = ["Run", "loss or −ELBO", "reconstruction", "KL", "Open it on"];
    const cells = (row) => [
      element("td", {}, `${row.model} · ${row.settings}`),
      ...[row.loss, row.reconstruction, row.kl].map((value) =>
        element("td", { className: "number" }, value === null || value === undefined ? "–" : value.toFixed(1)),
      ),
      element("td", {}, ...(row.loss === null ? [row.state || "not ended yet"] : linksOf(row))),
    ];
    const lines = rows.map((row) => {
      const line = element("tr", {}, ...cells(row));
      line.dataset.run = row.run;
      return line;
    });
    const names = head.map((name, at) => element("th", { className: at && at < 4 ? "number" : "" }, name));
    return element("table", {}, element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...lines));
  }

  /** A run that was clicked on the plane: its line lights up. */
  mark(run) {
    this.chosen = run;
    for (const line of this.find(".rows").querySelectorAll("tr[data-run]")) {
      line.classList.toggle("is-chosen", line.dataset.run === run);
      if (line.dataset.run === run) line.scrollIntoView({ block: "nearest" });
    }
    this.draw();
  }

  draw() {
    const vaes = (this.rows ?? []).filter(({ kl }) => kl !== null && kl !== undefined);
    const points = vaes.map(({ run, kl, reconstruction, weight, dimensions }) => ({
      id: run,
      kl,
      reconstruction,
      weight,
      label: dimensions === 2 ? String(weight) : `${weight}, ${dimensions}-D`,
      isRung: vaes.length <= MOST_LABELS,
      isOwn: true,
    }));
    const words = points.map((one) => `β ${one.label}: ${one.kl.toFixed(1)} and ${one.reconstruction.toFixed(1)} nats`);
    const said = `KL and reconstruction loss of ${points.length} runs; the arrow keys choose one. ${words.join("; ")}`;
    this.find(".plane").setAttribute("aria-label", said);
    this.find(".plane").parentElement.hidden = points.length === 0;
    if (points.length) this.rate.show(points, this.chosen, null);
  }
}

/** Whether the view to which a class was called is a step's; the first step may go without saying. */
function isAt(called, view) {
  const at = (one) => `${one.split("?")[0]} ${new URLSearchParams(one.split("?")[1]).get("lesson") ?? 1}`;
  return Boolean(called) && at(called) === at(view);
}

function linksOf({ pages }) {
  return Object.entries(pages).map(([title, href]) => element("a", { href }, title));
}
