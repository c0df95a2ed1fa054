// Work that takes long, done a few milliseconds a frame, so that nothing that moves has to wait for it.

const SLICE = 8; // milliseconds of a frame

/** Calls step() again and again until it returns false, and after(isDone) in each frame. Returns what stops it. */
export function inSlices(step, after = () => {}) {
  let frame = requestAnimationFrame(slice);
  function slice() {
    const began = performance.now();
    let goesOn = true;
    while (goesOn && performance.now() - began < SLICE) goesOn = step();
    frame = goesOn ? requestAnimationFrame(slice) : null;
    after(!goesOn);
  }
  return () => cancelAnimationFrame(frame);
}

/** Things that are to be done, each once however often it is due. */
export class Due {
  constructor(doOne) {
    Object.assign(this, { doOne, things: new Set(), halt: null });
  }

  /** A thing that is due already keeps its turn. */
  add(...things) {
    for (const thing of things) this.things.add(thing);
    if (this.size) this.halt ??= inSlices(() => this.next());
  }

  /** How many are due. */
  get size() {
    return this.things.size;
  }

  next() {
    const [thing] = this.things;
    this.things.delete(thing); // whatever is due again meanwhile comes after all others
    this.doOne(thing);
    if (!this.size) this.halt = null;
    return this.size > 0;
  }

  /** What is left waits for the next one that is due. */
  stop() {
    this.halt?.();
    this.halt = null;
  }
}
