// Asks the server whether there is something new of the runs on show, and has the page drawn again only then.

const watcher = crypto.randomUUID?.() ?? String(Math.random()); // randomUUID: only where the page is secure
const FIRST = 1; // seconds until the first look
const LATER = 5; // seconds until the next look when the server cannot be reached

export default function news({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector("i");
  root.call = (root.call ?? 0) + 1;
  const { call } = root;
  Object.assign(root, { data, setTriggerValue });
  if (!root.timer) ask(root, FIRST);
  return () => {
    if (root.call !== call) return; // a later call ends by itself
    clearTimeout(root.timer);
    root.timer = null;
  };
}

function ask(root, seconds) {
  root.timer = setTimeout(async () => {
    const wait = document.hidden ? FIRST : await look(root);
    if (root.timer) ask(root, wait);
  }, 1000 * seconds);
}

/** Says what is new, if anything, and if the page is still there; returns the seconds until the next look. */
async function look(root) {
  try {
    const names = root.data.names.map((name) => `name=${name}`).join("&");
    const response = await fetch(new URL(`../../../news?watcher=${watcher}&${names}`, import.meta.url));
    if (!response.ok) return LATER;
    const { now, wait } = await response.json();
    if (root.timer && now !== root.data.seen) root.setTriggerValue("news", now);
    return wait;
  } catch {
    return LATER;
  }
}
