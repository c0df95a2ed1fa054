// The row of a class on the card of steps: a quiet button while one is in none; the chip, how many have answered, and
// for the teacher what moves the class. Over the page: the code to join by, and "look up" while the teacher pauses.
import { writeAddress } from "../shared/address.js";
import { goToView } from "../shared/call.js";
import { element } from "../shared/element.js";
import { membership, routeOf } from "./membership.js";
import { coverWhilePaused } from "./pause.js";

export const BOARD = "board"; // the page of the class, in its address

export class ClassRow {
  /** place: an element; card: {question(), view(), show(), go(view), page(), asked()} of the card that it is on. */
  constructor(place, card) {
    Object.assign(this, { place, card, complaint: "", drawn: "" });
    this.class = membership();
    coverWhilePaused();
  }

  /** The card is on the page: until `leave` it follows what is new. code: of the class that the address names. */
  open(code) {
    this.leave();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.class.addEventListener("news", () => this.hear(), { signal });
    this.class.addEventListener("called", ({ detail }) => this.card.go(detail), { signal });
    const isIn = this.class.isMember && this.class.kept.code === code?.toUpperCase();
    if (code && this.class.followed !== code && !isIn) {
      this.class.followed = code; // once a visit: who has left is not brought back by the next page
      this.do(() => this.class.join(code));
    }
    writeAddress({ join: null });
    const [, own, secret] = /^#teach=(\w{5})\.([\w-]+)$/.exec(window.location.hash) ?? [];
    if (own) {
      // Nobody else may see it.
      window.history.replaceState(window.history.state, "", window.location.href.split("#")[0]);
      this.do(() => this.class.teach(own, secret));
    }
    this.hear();
    this.say();
  }

  /** What the class may know of this browser: where it is, and what it has trained. */
  say() {
    if (!this.class.isMember) return;
    const quiet = () => {}; // the teacher misses a number; nothing that anybody waits for
    this.class.move(this.card.page()).catch(quiet);
    this.class.tellRuns(this.card.asked()).catch(quiet);
  }

  leave() {
    this.leaving?.abort();
  }

  hear() {
    this.card.show(); // and this row with it
  }

  async do(what) {
    this.complaint = "";
    try {
      await what();
      this.say();
    } catch (error) {
      this.complaint = error.message;
    }
    if (!this.leaving.signal.aborted) this.hear();
  }

  act(what, more) {
    return this.do(() => this.class.act(what, more));
  }

  draw() {
    const { isMember, isTeacher, kept, now, last } = this.class;
    const { isShown, isRevealed } = this.class.asked(this.card.question());
    const { follows, leads, code } = kept ?? {};
    // Drawn anew only where there are other controls: one of them may have the focus.
    const controls = JSON.stringify([
      [isMember, isTeacher, code, last?.words],
      [this.card.question(), isShown, isRevealed],
      [now?.isPaused, follows, leads],
    ]);
    if (controls !== this.drawn) {
      this.drawn = controls;
      this.place.classList.toggle("is-in", isMember || Boolean(last)); // a row of its own
      const parts = !isMember ? this.outside() : isTeacher ? this.teaching() : this.learning();
      const chip = element("strong", { className: "chip", role: "status" });
      const bar = element("progress", { "aria-label": "How many have answered" });
      this.place.replaceChildren(...(isMember ? [chip, bar] : []), ...parts);
    }
    if (isMember) this.count();
    const refused = this.place.querySelector(".refused");
    refused.hidden = !this.complaint;
    refused.textContent = this.complaint;
    if (this.complaint && !isMember) this.place.querySelector("details").open = true; // in which it is said
  }

  /** Who is here, and who has answered: in words, and as a bar for the last row. */
  count() {
    this.place.querySelector(".chip").textContent = this.words();
    const bar = this.place.querySelector("progress");
    const question = this.card.question();
    bar.hidden = !question || !this.class.now?.members;
    if (bar.hidden) return;
    const { answered } = this.class.asked(question);
    bar.max = Math.max(this.class.now.members, answered); // who has left has answered
    bar.value = answered;
  }

  words() {
    const { kept, now, isLost } = this.class;
    const question = this.card.question();
    const { answered, round } = this.class.asked(question);
    const members = now ? [now.members === 1 ? "1 student" : `${now.members} students`] : [];
    const votes = question && now ? [`${answered} answered${round > 1 ? `, round ${round}` : ""}`] : [];
    const lost = isLost ? ["the lab cannot be reached just now; it is tried again"] : [];
    return [`Class ${kept.code}`, ...members, ...votes, ...lost].join(" · ");
  }

  outside() {
    const code = element("input", {
      size: 7,
      placeholder: "CODE",
      autocapitalize: "characters",
      autocomplete: "off",
      "aria-label": "The code of the class",
    });
    const join = () => this.do(() => this.class.join(code.value));
    code.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") join();
    });
    const start = async () => {
      await this.do(() => this.class.start());
      if (this.class.isMember) this.showCode();
    };
    const students = element("div", { className: "row" }, "A student:", code, button("Join", join));
    const teachers = element("div", { className: "row" }, "A teacher:", button("Start a class", start));
    const long = element("span", { className: "long" }, "Start or join a class");
    const summary = element(
      "summary",
      { title: "Start or join a class" },
      element("span", { className: "short" }, "Class"),
      long,
    );
    const inside = element("div", { className: "menu" }, students, teachers, refusal());
    const { last } = this.class;
    return [
      ...(last ? [element("span", { className: "last", role: "status" }, last.words)] : []),
      ...(last?.votes ? [element("a", { className: "button", href: last.votes }, "Its votes as CSV")] : []),
      element("details", { open: this.isOnBoard && !last }, summary, inside),
    ];
  }

  learning() {
    const follow = check("come when the teacher calls", this.class.kept.follows, (does) => this.class.follow(does));
    return [follow, this.board("What we trained"), button("Leave", () => this.class.leave()), refusal()];
  }

  teaching() {
    const { now, kept } = this.class;
    const question = this.card.question();
    const { isShown, isRevealed } = this.class.asked(question);
    const act = (words, what, className) => button(words, () => this.act(what, { question }), className);
    const more = element(
      "div",
      { className: "menu" },
      button("Show the code", () => this.showCode()),
      this.board("Plan and votes"),
      check("Take the class along at every step", kept.leads, (does) => this.class.lead(does)),
      element("a", { className: "button", href: routeOf(`/${kept.code}/votes.csv`) }, "Votes as CSV"),
      button("End the class", () => window.confirm(ENDING) && this.act("end")),
    );
    return [
      ...(question && !isShown ? [act("Show the votes", "votes", "main")] : []),
      ...(question && !isRevealed ? [act("Reveal", "reveal", isShown ? "main" : "")] : []),
      ...(question && isShown ? [act("Ask again", "again", isRevealed ? "main" : "")] : []),
      ...(this.card.view() === null
        ? []
        : [button(kept.leads ? "✓ Everybody here" : "Everybody here", () => this.callAll())]),
      // Of one width, and nothing beside it moves: a second click is on it too.
      button(
        now?.isPaused ? "Go on" : "Pause",
        () => this.act(now?.isPaused ? "go on" : "pause"),
        now?.isPaused ? "pause main" : "pause",
      ),
      folding(element("details", { className: "more" }, element("summary", {}, "More"), more)),
      refusal(),
    ];
  }

  callAll() {
    return this.act("here", { view: this.card.view() });
  }

  /** The teacher has gone to another step, or page, with this view: so does the class, where it is taken along. */
  lead(view) {
    if (!this.class.isMember || !this.class.kept.leads) return;
    if (this.class.isTeacher) this.act("here", { view });
    // A page that was loaded anew does not know yet whose class it is.
    else if (!this.class.now) this.class.addEventListener("news", () => this.lead(view), { once: true });
  }

  get isOnBoard() {
    return this.card.page() === BOARD;
  }

  /** The way to the page of the class; and from there back to where the class is. */
  board(words) {
    if (!this.isOnBoard) {
      const href = new URL(`./${BOARD}`, document.baseURI.split(/[?#]/)[0]).href;
      return element("a", { className: "button", href }, words);
    }
    const isFromHere = document.referrer.startsWith(window.location.origin);
    return button("‹ Back to the lesson", () =>
      isFromHere ? window.history.back() : goToView(this.class.now?.view || ""),
    );
  }

  /** For the last row: the address and the code, or the picture of both; the teacher may correct the link. */
  showCode() {
    const { code } = this.class.kept;
    const field = element("input", { value: this.class.link, "aria-label": "The link" });
    const picture = element("img", { alt: `QR code of the link to class ${code}` });
    const place = element("strong");
    const complaint = element("p", { className: "refused", role: "alert", hidden: true });
    const draw = () => {
      picture.src = qrOf(code, this.class.link);
      place.textContent = placeOf(this.class.link);
    };
    field.addEventListener("change", () => {
      complaint.hidden = true;
      try {
        this.class.correctLink(field.value);
        field.value = this.class.link;
        draw();
        tell();
      } catch (error) {
        complaint.textContent = error.message;
        complaint.hidden = false;
      }
    });
    draw();
    const shown = element("dialog", { className: "code", "aria-label": "The code of the class" });
    const own = element("code");
    const link = element(
      "details",
      {},
      element("summary", {}, "Students reach the lab by another address?"),
      element("label", {}, "The link that they need, then Enter: ", field),
      complaint,
    );
    const more = element(
      "details",
      {},
      element("summary", {}, "Another device of your own?"),
      element("p", {}, "Open this link there, and keep it to yourself: ", own),
    );
    const tell = async () => {
      own.textContent = more.open ? await this.class.ownLink().catch((error) => error.message) : "";
    };
    more.addEventListener("toggle", tell);
    shown.append(
      element("p", { className: "todo" }, "Scan this, or open ", place, " and type"),
      element("p", { className: "letters" }, code),
      picture,
      link,
      more,
      button("Close", () => shown.close()),
    );
    shown.addEventListener("keydown", (event) => event.stopPropagation()); // no step is turned
    shown.addEventListener("close", () => shown.remove());
    this.place.after(shown);
    shown.showModal();
  }
}

const ENDING = "End this class for all? You can have its votes as CSV until twelve hours after its beginning.";

/** An address as one types it. */
export const placeOf = (link) => link.replace(/^https?:\/\//, "").replace(/\/?\?.*$/, "");

/** The picture of a link. */
export const qrOf = (code, link) => routeOf(`/${code}/qr.svg?link=${encodeURIComponent(link)}`);

/** Where a refusal is said. */
const refusal = () => element("span", { className: "refused", role: "alert" });

/** A menu that closes once something was pressed in it, or beside it. */
function folding(details) {
  const close = () => {
    details.open = false;
  };
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  details.addEventListener("click", ({ target }) => target.matches("button, a") && close());
  const beside = (event) => event.composedPath().includes(details) || close();
  details.addEventListener("toggle", () => {
    if (details.open) document.addEventListener("click", beside);
    else document.removeEventListener("click", beside);
  });
  return details;
}

function check(words, checked, hear) {
  const box = element("input", { type: "checkbox", checked: Boolean(checked) });
  box.addEventListener("change", () => hear(box.checked));
  return element("label", { className: "row" }, box, words);
}

/** The class's answers to a question as bars, a row an option, a bar a round; measured: the option that is right. */
export function votesOf(options, { bars, mine }, measured = "") {
  const rounds = bars.filter(Boolean);
  const most = Math.max(1, ...rounds.flat());
  return options.map((option, choice) => {
    const lengths = rounds.map((counts, round) => {
      const bar = element("i");
      bar.style.width = `${((60 * counts[choice]) / most).toFixed(1)}%`;
      const name = rounds.length > 1 ? [element("small", {}, `round ${round + 1}`)] : [];
      return element("span", { className: "round" }, bar, String(counts[choice]), ...name);
    });
    const signs = `${choice === mine ? "● " : ""}${option === measured ? "✓ " : ""}`;
    const label = element("span", {}, `${signs}${option}`);
    return element("div", { className: choice === mine ? "is-mine" : "" }, label, element("span", {}, ...lengths));
  });
}

export function button(words, act, className = "") {
  const made = element("button", { type: "button", className }, words);
  made.addEventListener("click", act);
  return made;
}
