// A class, as the browser of a member or of the teacher knows it: one stream of what is new, one request for whatever
// is done.
// In this browser: {code, member, hasLeft, turns, called, moves, page, told}, what was chosen {follows, leads, link},
// and once a class is over {last: {words, votes, until}}.
const KEPT = "ae-vae-lab class";
const NOT_ASKED = { round: 1, answered: 0, mine: null, isShown: false, isRevealed: false, bars: [null] };
const LASTS = 12 * 3_600_000; // milliseconds, a class; after it nothing is said of it any more
const MOST_MOVING = 2_000; // milliseconds
const LATER = [1000, 2000, 5000, 10000]; // milliseconds until a lost stream is tried again

/** The address of a route of classes. */
export const routeOf = (path) => new URL(`../../../class${path}`, import.meta.url).href;

/** The one membership of this browser, whatever page it shows. */
export const membership = () => {
  globalThis.aeVaeLabMembership ??= new Membership();
  return globalThis.aeVaeLabMembership;
};

class Membership extends EventTarget {
  constructor() {
    super();
    this.kept = read();
    this.isStored = this.kept !== null;
    this.called = this.kept?.called ?? 0; // how often, as this tab has heard it
    this.now = null; // what the server last said of the class
    this.tries = 0;
    this.isLost = false; // the stream is, for the moment
    this.isJoining = false;
    this.telling = new Set(); // runs
    this.ownCalls = new Set(); // views to which this tab has called: who calls is there already
    this.choosing = new Map(); // QUESTION.ROUND -> a choice that the server has not said yet
    if (this.isMember) this.listen();
    window.addEventListener("online", () => this.isMember && this.listen());
    window.addEventListener("storage", ({ key }) => [KEPT, null].includes(key) && this.hearOtherTab());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.isMember && this.isLost) this.listen();
    });
  }

  get isMember() {
    return Boolean(this.kept?.code && !this.kept.hasLeft);
  }

  /** Whether one is on the way into a class, of which nothing is known yet. */
  get isComing() {
    return this.isJoining || Boolean(this.isMember && !this.now && !this.isLost);
  }

  get isTeacher() {
    return Boolean(this.isMember && this.now?.isTeacher);
  }

  /** Another tab of this browser has joined, left, voted or moved. */
  hearOtherTab() {
    const nameOf = () => this.isMember && `${this.kept.code} ${this.kept.member}`;
    const was = nameOf();
    this.kept = read();
    if (nameOf() !== was) {
      this.stop();
      this.called = this.kept?.called ?? 0;
      if (this.isMember) this.listen();
    }
    this.tell();
  }

  /** What is said of a class that is over, {words, votes}: where its votes can be had, for its teacher. */
  get last() {
    const last = this.kept?.last;
    return last && Date.now() < last.until ? last : undefined;
  }

  /** What is known of a question, "LESSON.STEP". */
  asked(question) {
    return this.now?.questions[question] ?? NOT_ASKED;
  }

  /** The teacher's right is a secret in a cookie, which no script reads. */
  async start() {
    const { code, link } = await ask("", {});
    this.enter({ code, member: "", link, follows: true });
  }

  /** The link for the teacher's other devices, for which the server says the secret: no address, no storage has it. */
  async ownLink() {
    const { secret } = await ask(`/${this.kept.code}/secret`, {});
    const { origin, pathname } = new URL(this.link);
    return `${origin}${pathname}#teach=${this.kept.code}.${secret}`;
  }

  /** The link by which students join: the server's, or as the teacher has corrected it. */
  get link() {
    const { code, link } = this.kept;
    return link ?? new URL(`./?join=${code}`, document.baseURI).href;
  }

  /** Fails in words where a text is no address. */
  correctLink(text) {
    const { code } = this.kept;
    let link;
    try {
      link = new URL(/^https?:\/\//.test(text.trim()) ? text.trim() : `http://${text.trim()}`);
    } catch {
      link = null;
    }
    if (!link || /[%\s]/.test(link.hostname)) {
      throw new Error(`“${text.trim()}” is no address: write it like http://192.168.0.7:8501`);
    }
    link.search = `?join=${code}`;
    link.hash = "";
    this.note({ link: link.href });
  }

  /** Another device of the teacher's. */
  async teach(code, secret) {
    await ask(`/${code}/teach`, { secret });
    this.enter({ code, member: "", follows: true });
  }

  async join(text) {
    const code = text.replace(/\s/g, "").toUpperCase();
    if (code.length !== 5) throw new Error("Type the five letters of the class.");
    const before = this.kept?.code === code ? this.kept : {}; // who comes back is the same member
    this.isJoining = true;
    this.tell();
    try {
      const { member } = await ask(`/${code}/join`, { member: before.member ?? "" });
      this.enter({ ...before, code, member, follows: true, hasLeft: false });
    } finally {
      this.isJoining = false;
      this.tell();
    }
  }

  enter(kept) {
    this.stop();
    this.keep({ turns: {}, ...kept, called: 0, page: null });
    this.called = 0;
    this.listen();
  }

  /** Out of the class, by one's own wish. */
  leave() {
    const { code, member } = this.kept;
    this.stop();
    this.note({ hasLeft: true });
    this.tell();
    if (member) ask(`/${code}/leave`, { member }).catch(() => {}); // then one is counted on, and no more
  }

  /** There is no such class any more; what is said of it. */
  forget(words = "This class is over, or not at this server.") {
    const votes = this.isTeacher ? routeOf(`/${this.kept.code}/votes.csv`) : null;
    this.stop();
    this.keep({ last: { words, votes, until: Date.now() + LASTS } });
    this.tell();
  }

  stop() {
    this.source?.close();
    clearTimeout(this.retry);
    this.now = null;
    this.going = null;
    this.isLost = false;
  }

  /** A member's choice, which a later one takes the place of. */
  async vote(question, choice) {
    const { code, member } = this.kept;
    const { round } = this.asked(question);
    const name = `${question}.${round}`;
    const { turns } = this.latest();
    const turn = (turns[name] ?? 0) + 1; // never again, also if it is lost: the server may have heard it
    this.note({ turns: { ...turns, [name]: turn } });
    this.choosing.set(name, choice);
    try {
      await this.insist(`/${code}/vote`, { member, question, round, turn, choice });
    } catch (error) {
      this.choosing.delete(name); // it does not count
      throw error;
    }
  }

  /** What one has chosen of a question, as it is asked now; null for nothing. */
  chosen(question) {
    const { round, mine } = this.asked(question);
    return this.choosing.get(`${question}.${round}`) ?? mine ?? null;
  }

  /** On which page one is: the teacher sees how many are on each. */
  async move(page) {
    const { code, member, page: before } = this.kept;
    if (!member || page === (this.going ?? before)) return;
    this.going = page;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_MOVING)); // not all of a class at a time
    if (this.going !== page || !this.isMember || this.kept.code !== code) return; // one has gone on, or out
    const turn = (this.latest().moves ?? 0) + 1;
    this.note({ moves: turn });
    try {
      await this.insist(`/${code}/move`, { member, turn, page });
      if (this.isMember && this.kept.code === code) this.note({ page }); // said, and not before
    } finally {
      if (this.going === page) this.going = null;
    }
  }

  /** Runs that were asked for in this browser: the class sees what it has trained. */
  async tellRuns(runs) {
    const { code, member, told = [] } = this.kept;
    const news = runs.filter((run) => !told.includes(run) && !this.telling.has(run));
    if (!news.length) return;
    for (const run of news) this.telling.add(run);
    try {
      await this.insist(`/${code}/runs`, { member, runs: news });
      if (this.isMember && this.kept.code === code) this.note({ told: [...(this.latest().told ?? []), ...news] });
    } finally {
      for (const run of news) this.telling.delete(run);
    }
  }

  /** The figures of what the class has trained; fails where they cannot be had just now. */
  async trained() {
    const { code, member } = this.kept;
    const answer = await fetch(routeOf(`/${code}/runs?member=${member}`));
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  /** What the teacher does: votes, reveal, again, here, pause, go on, end. */
  act(what, more = {}) {
    if (what === "here") this.ownCalls.add(more.view);
    return this.insist(`/${this.kept.code}/act`, { do: what, ...more });
  }

  /** Asks until the server has heard it; a refusal is an answer. */
  async insist(path, body) {
    for (const pause of [...LATER, null]) {
      try {
        return await ask(path, body);
      } catch (error) {
        if (error instanceof Refusal || pause === null) throw error;
        await this.rest(pause);
      }
    }
  }

  /** So many milliseconds, or until the lab can be reached again. */
  rest(milliseconds) {
    return new Promise((resolve) => {
      const rested = new AbortController();
      const end = () => {
        rested.abort();
        resolve();
      };
      setTimeout(end, milliseconds);
      this.addEventListener("back", end, { signal: rested.signal });
    });
  }

  /** Whether one comes when the teacher calls; to where the class is, at once. */
  follow(does) {
    this.note({ follows: does });
    this.tell();
    if (does && this.now?.view) this.dispatchEvent(new CustomEvent("called", { detail: this.now.view }));
  }

  /** Whether the class comes along at every step that the teacher takes. */
  lead(does) {
    this.note({ leads: does });
    this.tell();
  }

  listen() {
    this.source?.close();
    clearTimeout(this.retry);
    const { code, member } = this.kept;
    const source = new EventSource(routeOf(`/${code}/stream?member=${member}`));
    this.source = source;
    source.addEventListener("message", ({ data }) => this.hear(JSON.parse(data)));
    source.addEventListener("gone", () => this.forget());
    source.addEventListener("error", () => this.lose(source));
  }

  hear(now) {
    if (this.isLost) this.dispatchEvent(new Event("back"));
    Object.assign(this, { now, tries: 0, isLost: false });
    if (now.isOver) return this.forget(`The class ${now.code} is over.`);
    const isCalled = now.called > this.called; // each tab comes along
    this.called = now.called;
    if (now.called > this.kept.called) this.note({ called: now.called });
    for (const name of this.choosing.keys()) if (this.isSaid(name)) this.choosing.delete(name);
    this.tell();
    if (isCalled && this.kept.follows && !this.ownCalls.delete(now.view)) {
      this.dispatchEvent(new CustomEvent("called", { detail: now.view }));
    }
  }

  /** The stream is lost: it is tried again, later and later; a class that is over answers that there is none. */
  async lose(source) {
    source.close();
    if (source !== this.source || !this.isMember) return;
    this.isLost = true;
    this.tell();
    const { code, member } = this.kept;
    const answer = await fetch(routeOf(`/${code}/stream?member=${member}`), { method: "HEAD" }).catch(() => null);
    if (source !== this.source || !this.isMember) return;
    if (answer?.status === 404) return this.forget();
    const wait = LATER[Math.min(this.tries++, LATER.length - 1)] * (0.5 + Math.random());
    this.retry = setTimeout(() => this.isMember && this.listen(), wait);
  }

  /** Whether the server has said the choice that was made in a round. */
  isSaid(name) {
    const at = name.lastIndexOf(".");
    const { round, mine } = this.asked(name.slice(0, at));
    return round !== Number(name.slice(at + 1)) || mine === this.choosing.get(name);
  }

  /** What is kept, with what other tabs have changed since. */
  latest() {
    return (this.isStored && read()) || this.kept;
  }

  /** Changes some of what is kept. */
  note(changes) {
    this.keep({ ...this.latest(), ...changes });
  }

  keep(kept) {
    this.kept = kept;
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept));
      this.isStored = true;
    } catch {
      this.isStored = false; // a browser that keeps nothing: then it lasts as long as the page
    }
  }

  tell() {
    this.dispatchEvent(new Event("news"));
  }
}

/** What the server refuses, in words. */
class Refusal extends Error {}

async function ask(path, body) {
  const answer = await fetch(routeOf(path), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer.json();
  const words = await answer.text();
  throw answer.status < 500 ? new Refusal(words) : new Error(words);
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}
