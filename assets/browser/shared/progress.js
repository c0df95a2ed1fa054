// How far a visitor is in the lessons: kept in the browser, by lesson, for the next visit too.

const KEY = "ae-vae-lab";

/** What was finished and predicted in a lesson, by the numbers of its steps. */
export function progressOf(lesson) {
  const own = () => all()[lesson] ?? {};
  const keep = (kind, step, value) => {
    const before = own();
    write({ ...all(), [lesson]: { ...before, [kind]: { ...before[kind], [step]: value } } });
  };
  return {
    /** count: how many steps the lesson has. */
    finish(step, count) {
      keep("finished", step, true);
      write({ ...all(), [lesson]: { ...own(), count } });
    },
    isFinished: (step) => own().finished?.[step] === true,
    /** 0: not begun, 1: finished. */
    get share() {
      const { finished, count } = own();
      return finished ? Object.keys(finished).length / (count ?? Number.POSITIVE_INFINITY) : 0;
    },
    get isBegun() {
      return Boolean(own().finished);
    },
    /** isSeen: whether the answer is on show, too. */
    predict: (step, words, option, isSeen) => keep("predicted", step, [words, option, isSeen]),
    /** What was predicted, if the question was the same: {option, isSeen}. */
    predicted(step, words) {
      const [asked, option, isSeen] = own().predicted?.[step] ?? [];
      return asked === words ? { option, isSeen: Boolean(isSeen) } : {};
    },
    forget: () => write({ ...all(), [lesson]: {} }),
  };
}

let known; // where nothing may be kept, for this visit

function all() {
  try {
    const read = JSON.parse(window.localStorage.getItem(KEY) ?? "{}");
    known = read !== null && typeof read === "object" ? read : {};
  } catch {
    known ??= {};
  }
  return known;
}

function write(progress) {
  known = progress;
  try {
    window.localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {
    // a browser that keeps nothing
  }
}
