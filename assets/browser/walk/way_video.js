// The way from one digit to another as a video: there and back, at the pace of the page, as the browser records it.
import { SIDE } from "../shared/digit.js";
import { captionNow, fileName, layOut, MARGIN, pageColors, save } from "../shared/take_home/caption.js";

const ZOOM = 10;
const HEAD = 24; // for the models' names, pixels
const RATE = 30; // frames a second
const BITS = 4e6; // a second
const LONGEST = 100; // milliseconds of a frame: a page that nobody sees draws none

/**
 * Records and saves a video of a title. paintAt(share): canvases of both models by their names, at a share of the way;
 * duration: milliseconds there and back; type: a MediaRecorder's; ending: of the file; tell(share): how much is recorded;
 * signal: an AbortSignal, which ends it without a file.
 */
export async function saveVideo({ title, paintAt, duration, type, ending, tell, signal }) {
  const caption = { title, ...captionNow() };
  const frame = new Frame(caption);
  const recorder = new MediaRecorder(frame.canvas.captureStream(RATE), { mimeType: type, videoBitsPerSecond: BITS });
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", ({ error }) => reject(error ?? new Error("The browser could not record it.")));
  });
  const wait = () => (document.hidden ? recorder.pause() : recorder.resume());
  document.addEventListener("visibilitychange", wait);
  frame.draw(paintAt(0));
  recorder.start();
  try {
    await play(duration, signal, (share) => {
      frame.draw(paintAt(0.5 - 0.5 * Math.cos(2 * Math.PI * share)));
      tell(share);
    });
  } finally {
    document.removeEventListener("visibilitychange", wait);
    if (recorder.state !== "inactive") recorder.stop();
  }
  await stopped;
  if (!signal.aborted) save(new Blob(parts, { type: type.split(";")[0] }), fileName(caption, ending));
}

/** Calls paint with shares from 0 to 1, a frame at a time; returns at the end, or when the signal comes. */
function play(duration, signal, paint) {
  return new Promise((resolve, reject) => {
    let played = 0;
    let before = performance.now();
    const step = (now) => {
      played += Math.min(Math.max(now - before, 0), LONGEST);
      before = now;
      if (signal.aborted) return resolve();
      try {
        paint(Math.min(played / duration, 1));
      } catch (error) {
        return reject(error);
      }
      return played < duration ? requestAnimationFrame(step) : resolve();
    };
    requestAnimationFrame(step);
  });
}

/** A frame: both models' digits beside each other, their names above, the caption below. */
class Frame {
  constructor(caption) {
    const side = ZOOM * SIDE;
    this.below = layOut(caption, 2 * side + MARGIN);
    this.canvas = document.createElement("canvas");
    const even = (length) => 2 * Math.ceil(length / 2); // as videos must be
    this.canvas.width = even(2 * side + 3 * MARGIN);
    this.canvas.height = even(HEAD + side + this.below.height + MARGIN);
  }

  draw(digits) {
    const { paper, ink } = pageColors();
    const context = this.canvas.getContext("2d");
    const side = ZOOM * SIDE;
    context.fillStyle = paper;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = false;
    context.fillStyle = ink;
    for (const [place, [name, digit]] of Object.entries(digits).entries()) {
      const left = MARGIN + place * (side + MARGIN);
      context.font = "bold 14px sans-serif";
      context.fillText(name, left, HEAD - 7);
      context.drawImage(digit, left, HEAD, side, side);
    }
    for (const { text, font, y } of this.below.lines) {
      context.font = font;
      context.fillText(text, MARGIN, HEAD + side + y);
    }
  }
}
