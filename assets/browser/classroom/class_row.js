// The row of a class on the card of steps: a quiet button while one is in none; the chip, how many have answered, and
// for the teacher what moves the class. Over the page: the code to join by, and "look up" while the teacher pauses.
import { writeAddress } from "../shared/address.js";
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
    this.draw();
    this.card.show();
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
    const { isMember, isTeacher, kept, now } = this.class;
    const { isRevealed } = this.class.asked(this.card.question());
    // Drawn anew only where there are other controls: one of them may have the focus.
    const controls = JSON.stringify([
      isMember,
      isTeacher,
      this.card.question(),
      isRevealed,
      now?.isPaused,
      kept?.follows,
    ]);
    if (controls !== this.drawn) {
      this.drawn = controls;
      this.place.classList.toggle("is-in", isMember);
      const parts = !isMember ? this.outside() : isTeacher ? this.teaching() : this.learning();
      const chip = element("strong", { className: "chip", role: "status" });
      const bar = element("progress", { "aria-label": "How many have answered" });
      this.place.replaceChildren(
        ...(isMember ? [chip, bar] : []),
        ...parts,
        element("span", { className: "refused", role: "alert" }),
      );
    }
    if (isMember) this.count();
    const refused = this.place.querySelector(".refused");
    refused.hidden = !this.complaint;
    refused.textContent = this.complaint;
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
      maxLength: 5,
      size: 7,
      placeholder: "CODE",
      "aria-label": "The code of the class",
    });
    const join = () => this.do(() => this.class.join(code.value));
    code.addEventListener("keydown", ({ key }) => {
      if (key === "Enter") join();
    });
    const start = () => this.do(() => this.class.start());
    const inside = element("div", { className: "row" }, code, button("Join", join), button("Start a class", start));
    const long = element("span", { className: "long" }, "Start or join a class");
    const summary = element(
      "summary",
      { title: "Start or join a class" },
      element("span", { className: "short" }, "Class"),
      long,
    );
    return [element("details", { open: this.isOnBoard }, summary, inside)];
  }

  learning() {
    const box = element("input", { type: "checkbox", checked: this.class.kept.follows });
    box.addEventListener("change", () => this.class.follow(box.checked));
    const follow = element("label", { className: "row" }, box, "follow the teacher");
    return [follow, ...this.board("What we trained"), button("Leave", () => this.class.leave())];
  }

  teaching() {
    const { now, kept } = this.class;
    const question = this.card.question();
    const { isRevealed } = this.class.asked(question);
    const ask = isRevealed ? ["Ask again", "again"] : ["Reveal", "reveal"];
    const votes = routeOf(`/${kept.code}/votes.csv`);
    const view = this.card.view();
    return [
      ...(question ? [button(ask[0], () => this.act(ask[1], { question }), "main")] : []),
      ...(view === null ? [] : [button("Everybody here", () => this.act("here", { view: this.card.view() }))]),
      button(now?.isPaused ? "Go on" : "Pause", () => this.act(now?.isPaused ? "go on" : "pause")),
      button("Show the code", () => this.showCode()),
      ...this.board("Plan and votes"),
      element("a", { className: "button", href: votes }, "Votes as CSV"),
      button("End the class", () => window.confirm("End this class for all?") && this.act("end")),
    ];
  }

  get isOnBoard() {
    return this.card.page() === BOARD;
  }

  /** The way to the page of the class, where one is not there. */
  board(words) {
    const href = new URL(`./${BOARD}`, document.baseURI.split(/[?#]/)[0]).href;
    return this.isOnBoard ? [] : [element("a", { className: "button", href }, words)];
  }

  /** The code, large enough for the last row, and a link that the teacher may correct. */
  showCode() {
    const { code } = this.class.kept;
    const field = element("input", { value: linkOf(this.class.kept), "aria-label": "The link" });
    const picture = element("img", { alt: `QR code of the link to class ${code}` });
    const draw = () => {
      picture.src = qrOf(this.class.kept, field.value);
    };
    field.addEventListener("change", draw);
    draw();
    const shown = element("dialog", { className: "code", "aria-label": "The code of the class" });
    shown.append(
      element("p", { className: "letters" }, code),
      picture,
      field,
      button("Close", () => shown.close()),
    );
    if (this.class.own) {
      const words = element("summary", {}, "For another device of your own: keep this link to yourself");
      shown.append(element("details", {}, words, element("code", {}, this.class.own)));
    }
    shown.addEventListener("close", () => shown.remove());
    this.place.after(shown);
    shown.showModal();
  }
}

/** The link by which students join. */
export const linkOf = ({ code, link }) => link ?? new URL(`./?join=${code}`, document.baseURI).href;

/** The picture of a link. */
export const qrOf = ({ code }, link) => routeOf(`/${code}/qr.svg?link=${encodeURIComponent(link)}`);

/** The class's answers to a question as bars, a row an option, a bar a round; own: the option that one chose. */
export function votesOf(options, { bars, mine }) {
  const rounds = bars.filter(Boolean);
  const most = Math.max(1, ...rounds.flat());
  return options.map((option, choice) => {
    const lengths = rounds.map((counts) => {
      const bar = element("i");
      bar.style.width = `${((60 * counts[choice]) / most).toFixed(1)}%`;
      return element("span", { className: "round" }, bar, String(counts[choice]));
    });
    const label = element("span", {}, `${choice === mine ? "● " : ""}${option}`);
    return element("div", { className: choice === mine ? "is-mine" : "" }, label, element("span", {}, ...lengths));
  });
}

export function button(words, act, className = "") {
  const made = element("button", { type: "button", className }, words);
  made.addEventListener("click", act);
  return made;
}
