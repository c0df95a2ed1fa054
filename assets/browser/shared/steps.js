// The card with a lesson's steps: one at a time, each with its prediction, the answer, and the view that it needs.
import { ClassRow, votesOf } from "../classroom/class_row.js";
import { membership } from "../classroom/membership.js";
import { digitNow, followAddress, writeAddress } from "./address.js";
import { goToView, places, readView, takeCalled } from "./call.js";
import { element } from "./element.js";
import { foldNavigation } from "./fold_navigation.js";
import { explainWords } from "./glossary.js";
import { goTo, lessonLink } from "./lesson_link.js";
import { Names } from "./named.js";
import { haveOneEntryAPage } from "./one_entry_a_page.js";
import { offerPictures } from "./pictures.js";
import { progressOf } from "./progress.js";
import { roots } from "./roots.js";
import { bringIntoView } from "./scroll.js";
import { skipTo } from "./skip.js";
import { lightSymbols } from "./symbols.js";
import { forgetView, setView } from "./view.js";

const JUST_SHOW = "Just show me";
const ANSWER = "Show an answer"; // to a task, once one has looked
const PRESENTED = "presented";
const KEYS = { PageDown: 1, PageUp: -1 }; // what a clicker sends
const STAYS = ["present", "embed"]; // in the address, also when a page begins anew
const RUNS = ["run", "ae"]; // parameters that name one
const isPresented = () => document.documentElement.classList.contains(PRESENTED);
export default function (component) {
  haveOneEntryAPage();
  foldNavigation();
  explainWords();
  offerPictures();
  const root = component.parentElement.querySelector(".steps");
  lightSymbols(root);
  root.card ??= new Card(root);
  root.call = (root.call ?? 0) + 1;
  const { call } = root;
  root.card.open(component);
  return () => {
    if (root.call === call) root.card.leave(); // a later call ends by itself
  };
}

class Card {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.find(".back").addEventListener("click", () => this.turn(-1));
    this.find(".on").addEventListener("click", () => this.turn(1));
    this.find(".compare").addEventListener("click", () => this.compare());
    this.find(".anew").addEventListener("click", () => this.beginAnew());
    this.find(".present").addEventListener("click", () => this.present(!isPresented()));
    this.find(".to-card").addEventListener("click", () => this.comeBack());
    this.onSight = new IntersectionObserver(([card]) => {
      this.find(".to-card").hidden = card.isIntersecting || card.boundingClientRect.bottom > 0;
    });
    this.onKey = (event) => this.key(event);
    this.names = [new Names(this.find(".words")), new Names(this.find(".answer"))];
    this.classRow = new ClassRow(this.find(".class"), {
      question: () => this.question,
      view: () => viewNow(),
      show: () => this.show(),
      go: (view) => this.follow(view),
      page: () => this.data.name,
      asked: () => this.data.asked,
    });
  }

  open({ data }) {
    const isNew = this.data?.name !== data.name;
    this.data = data;
    document.addEventListener("keydown", this.onKey);
    skipTo(() => this.find(".card"));
    for (const names of this.names) names.open();
    this.onSight.observe(this.find(".card"));
    if (isNew) this.begin();
    else this.goOn();
    this.classRow.open(data.given.join);
  }

  /** The script has run again: one that was overtaken may have put its own address in the place of the page's. */
  goOn() {
    writeAddress(this.data.runs);
    this.write();
    this.show();
  }

  leave() {
    document.removeEventListener("keydown", this.onKey);
    for (const names of this.names) names.leave();
    this.onSight.disconnect();
    this.classRow.leave();
  }

  /** The card of another page, at the step that its address names, or at which one left it. */
  begin() {
    const { name, given, steps, before, after } = this.data;
    this.progress = progressOf(name);
    const asked = Number(given.lesson ?? places.get(name) ?? 1);
    this.at = Math.min(Math.max(asked, 1), steps.length) - 1;
    this.way(".before", before, (title) => `‹ ${title}`);
    this.way(".after", after, (title) => `${title} ›`);
    this.write();
    if (given.present === "1" || isPresented()) this.present(true);
    this.shown = null;
    this.show();
    forgetView();
    const called = takeCalled(name);
    if (called) this.needs({ ...this.view, ...called });
    else this.classRow.lead(viewNow(this.view));
  }

  /** From further down the page. */
  comeBack() {
    const card = this.find(".card");
    bringIntoView(card, "nearest");
    card.focus({ preventScroll: true });
  }

  /** What the step is called in a class; empty for a task, on which nobody votes. */
  get question() {
    return this.data && this.step.options.length ? `${this.data.name}.${this.at + 1}` : "";
  }

  /** To where the teacher calls. */
  follow(view) {
    const { name, at, parameters } = readView(view);
    if (name !== this.data.name) return goToView(view);
    this.at = Math.min(Math.max(at, 0), this.data.steps.length - 1);
    this.write();
    this.show();
    this.needs({ ...this.view, ...parameters });
  }

  get step() {
    return this.data.steps[this.at];
  }

  key(event) {
    const isInMenu = event.composedPath().some((part) => part.matches?.("dialog, details[open]"));
    if (event.key === "Escape" && isPresented() && !isInMenu) return this.present(false);
    const isTyping = event.composedPath()[0].matches?.("input, textarea, select, [contenteditable]");
    const isOther = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat;
    if (!(event.key in KEYS) || isTyping || isOther || event.defaultPrevented) return;
    const to = this.at + KEYS[event.key];
    // A clicker goes on to the next lesson; who turns pages by the keyboard does not leave this one by it.
    if (!this.data.steps[to] && !isPresented()) return;
    event.preventDefault();
    this.turn(KEYS[event.key]);
  }

  /** To the next step, or the one before; beyond the last to the next lesson. */
  turn(by) {
    if (by > 0) this.finish();
    const to = this.at + by;
    if (to < 0) return this.go(this.data.before);
    if (to >= this.data.steps.length) return this.go(this.data.after);
    this.at = to;
    this.write();
    this.show();
    this.needs(this.view);
    this.classRow.lead(viewNow(this.view)); // which pictures write into the address a little later
  }

  go(lesson) {
    if (lesson) goTo(lesson);
  }

  finish() {
    this.progress.finish(this.at, this.data.steps.length);
  }

  write() {
    places.set(this.data.name, this.at + 1);
    writeAddress({ lesson: this.at ? String(this.at + 1) : null, present: isPresented() ? "1" : null });
  }

  /** For the projector: everything larger, and without the fields (assets/style.css). It stays from page to page. */
  present(is) {
    document.documentElement.classList.toggle(PRESENTED, is);
    this.find(".present").setAttribute("aria-pressed", String(is));
    this.write();
    window.dispatchEvent(new Event("resize"));
  }

  /** The page as it is for a new visitor, and nothing predicted on it. */
  beginAnew() {
    this.progress.forget();
    const url = new URL(window.location);
    for (const name of [...url.searchParams.keys()]) if (!STAYS.includes(name)) url.searchParams.delete(name);
    if (url.href === window.location.href) window.location.reload();
    else window.location.replace(url);
  }

  /** Sets the view that a step needs, by the page's pictures themselves or by its address; nothing is loaded anew. */
  needs(view) {
    const url = new URL(window.location);
    const own = Object.entries(view).filter(([name]) => this.data.own.includes(name)); // their address comes later
    if (own.length) setView(Object.fromEntries(own));
    const others = Object.keys(view).filter((name) => !this.data.own.includes(name));
    if (others.every((name) => url.searchParams.get(name) === view[name])) return;
    const left = [...url.searchParams.keys()].filter((name) => name.startsWith("predict_"));
    if (Object.keys(view).some((name) => RUNS.includes(name))) left.push("settings"); // another run's
    followAddress({ ...Object.fromEntries(left.map((name) => [name, null])), ...view });
  }

  /** An option was chosen: one may look first, and then compares; who has compared may choose another one. */
  predict(option) {
    const choice = this.step.options.indexOf(option);
    if (this.inClass && choice >= 0) this.classRow.do(() => membership().vote(this.question, choice));
    const isSeen = choice < 0 || this.predicted.isSeen;
    this.progress.predict(this.at, this.step.asked, option, isSeen && !this.inClass);
    this.finish();
    this.show();
    if (choice < 0 && !this.inClass) this.compare();
  }

  /** What was measured comes on show. */
  compare() {
    const { option } = this.predicted;
    this.progress.predict(this.at, this.step.asked, option, true);
    this.show();
  }

  /** What the class knows of this step; null for who is in none, and for a task. */
  get inClass() {
    return membership().isMember && this.question ? membership().asked(this.question) : null;
  }

  /** What was chosen, {option, isSeen}; in a class: since the question was asked, for the last time. */
  get predicted() {
    const predicted = this.progress.predicted(this.at, this.step.asked);
    if (!this.inClass) return predicted;
    const option = this.step.options[membership().chosen(this.question)];
    return option === undefined ? {} : { option, isSeen: predicted.option === option && predicted.isSeen };
  }

  /** Whether the answer is on show; in a class it comes once the teacher reveals it, for all. */
  get isAnswered() {
    return Boolean(this.inClass ? this.inClass.isRevealed : this.predicted.isSeen);
  }

  /** What the step needs to be seen, before and after its answer. */
  get view() {
    const { view, then } = this.step;
    return this.isAnswered ? { ...view, ...then } : view;
  }

  show() {
    const { after, number, count, steps } = this.data;
    const { words, options, measured, answer } = this.step;
    if (this.shown !== words) {
      // The server's own text, as HTML. What is the same stays: it may have the focus.
      this.shown = words;
      this.find(".words").innerHTML = words;
      this.find(".options").replaceChildren(...this.pills());
    }
    this.find(".card").classList.toggle("is-task", !options.length && Boolean(answer));
    this.find(".options").setAttribute("aria-label", options.length ? "Predict" : "An answer");
    this.find(".number").textContent = `Lesson ${number} of ${count}`;
    this.find(".which").textContent = `Step ${this.at + 1} of ${steps.length}`;
    this.find(".to-card").textContent = `↑ Step ${this.at + 1}`;
    this.find(".back").disabled = this.at === 0 && !this.data.before;
    const isLast = this.at === steps.length - 1;
    this.find(".on").disabled = isLast && !after;
    this.find(".on").textContent = isLast && after ? "Next lesson ›" : "Next ›";
    const mark = (step) => (this.progress.isFinished(step) ? "✓" : step === this.at ? "●" : "○");
    this.find(".ticks").textContent = steps.map((_, step) => mark(step)).join("");
    const { inClass, isAnswered } = this;
    const { option: predicted, isSeen } = this.predicted;
    this.find(".compare").hidden = Boolean(inClass) || predicted === undefined || isSeen;
    for (const pill of this.find(".options").children) {
      pill.setAttribute("aria-pressed", String(pill.textContent === predicted));
      pill.hidden = Boolean(inClass) && pill.textContent === JUST_SHOW; // that is no vote
      // A teacher asks; and what is chosen before one is in a class would be no vote of it.
      pill.disabled = membership().isComing || Boolean(inClass && (inClass.isShown || membership().isTeacher));
      pill.classList.toggle("measured", isAnswered && pill.textContent === measured);
    }
    const isRight = isAnswered ? measured : "";
    this.find(".votes").replaceChildren(...(inClass?.isShown ? votesOf(options, inClass, isRight) : []));
    const said = isAnswered ? verdict(options, predicted, measured) + answer : "";
    if (this.said !== said) {
      this.said = said;
      this.find(".answer").innerHTML = said;
    }
    for (const names of this.names) names.look();
    this.classRow.draw();
    if (inClass?.isRevealed && predicted !== undefined && !isSeen) {
      this.progress.predict(this.at, this.step.asked, predicted, true); // also for who is in no class any more
    }
    // The answer has come, or is taken back to be asked again, while one looks: so does what it shows.
    const isHere = this.looked?.words === words;
    const { isAnswered: was } = this.looked ?? {};
    this.looked = { words, isAnswered };
    if (!isHere || was === isAnswered) return;
    const { view, then } = this.step;
    this.needs(isAnswered ? then : Object.fromEntries(Object.entries(view).filter(([name]) => name in then)));
  }

  pills() {
    const { options, answer } = this.step;
    return (options.length ? [...options, JUST_SHOW] : answer ? [ANSWER] : []).map((option) => {
      const pill = element("button", { type: "button" }, option);
      pill.addEventListener("click", () => this.predict(option));
      return pill;
    });
  }

  way(query, lesson, words) {
    const link = lesson ? lessonLink(lesson) : element("span");
    link.textContent = lesson ? words(lesson.title) : "";
    link.className = query.slice(1);
    this.find(query).replaceWith(link);
  }
}

/** Where one is, as a teacher calls a class to it: with the digit, where there is one, also if it is the first one.
 * view: what is about to be there. */
function viewNow(view = {}) {
  const url = new URL(window.location);
  const hasDigit = roots().some((root) => root.querySelector(".picker"));
  for (const [name, value] of Object.entries(view)) url.searchParams.set(name, value);
  if (hasDigit && !url.searchParams.has("x")) url.searchParams.set("x", digitNow());
  return `${url.pathname.split("/").at(-1)}${url.search}`;
}

/** What was predicted, beside what was measured. */
function verdict(options, predicted, measured) {
  if (!options.includes(predicted) || !measured) return "";
  return predicted === measured ? "<p><strong>✓ As you predicted.</strong></p>" : "<p><strong>A surprise.</strong></p>";
}
