// Pointer, fingers, wheel and keys on a plane: they move a position on it, and its view.

const ZOOM = 1.25; // of one key
const STEPS = 50; // of a key, across half the view

/** position(): where it is; move(position): called with where it goes, in latent coordinates. */
export function steer(plane, position, move) {
  followFingers(plane, move);
  followWheel(plane);
  followKeys(plane, position, move);
}

/** Moves the position; two fingers, or Shift and drag, move the view. */
function followFingers(plane, move) {
  const { canvas } = plane;
  const fingers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, placeOf(event, canvas));
    if (fingers.size === 1 && !event.shiftKey) move(plane.view.toLatent(placeOf(event, canvas)));
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = placeOf(event, canvas);
    const before = fingers.get(event.pointerId);
    if (fingers.size === 2 && before) {
      const [, other] = [...fingers].find(([id]) => id !== event.pointerId);
      plane.look(pinched(plane.view, before, now, other));
    } else if (event.shiftKey && before) plane.look(plane.view.moved(now[0] - before[0], now[1] - before[1]));
    else if (!event.shiftKey && isOne(fingers, event)) move(plane.view.toLatent(now));
    if (before) fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}

/** Whether what moves is the only finger, or a mouse that passes by: beside a finger, or of three, none moves it. */
function isOne(fingers, event) {
  return fingers.size === 0 || (fingers.size === 1 && fingers.has(event.pointerId));
}

/** The view after one of two fingers has moved: what lies in the middle between them stays there, and goes with it. */
function pinched(view, before, now, other) {
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
  const factor = distance(before, other) / Math.max(distance(now, other), 1);
  return view.zoomed(factor, view.toLatent(middle)).moved((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}

function followWheel(plane) {
  const { canvas } = plane;
  const turn = (event) => {
    // The page scrolls, until somebody means the plane.
    if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas) return;
    event.preventDefault();
    plane.look(plane.view.zoomed(Math.exp(event.deltaY / 500), plane.view.toLatent(placeOf(event, canvas))));
  };
  canvas.addEventListener("wheel", turn, { passive: false });
}

/** Arrows move the position, with Shift five times as far; + and - zoom about it; 0 shows all again. */
function followKeys(plane, position, move) {
  plane.canvas.addEventListener("keydown", (event) => {
    const { view } = plane;
    const step = (view.limit / STEPS) * (event.shiftKey ? 5 : 1);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) move(position().map((value, axis) => value + moves[event.key][axis]));
    else if (event.key === "+" || event.key === "=") plane.look(view.zoomed(1 / ZOOM, position()));
    else if (event.key === "-") plane.look(view.zoomed(ZOOM, position()));
    else if (event.key === "0") plane.look(view.whole());
    else return;
    event.preventDefault();
  });
}

/** Where on an element something happened, CSS pixels from its corner. */
function placeOf(event, element) {
  const box = element.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}
