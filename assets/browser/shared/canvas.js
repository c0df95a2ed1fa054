/** Pixels of a canvas for one of CSS: the screen's, or so many as somebody draws it with (take_home/paint.js). */
export const ratioOf = (canvas) => canvas.ratio ?? (window.devicePixelRatio || 1);

/** Empties a canvas and fits it to its size on the page, sharp: {context, width, height}, CSS pixels. */
export function fitted(canvas) {
  const ratio = ratioOf(canvas);
  const { clientWidth: width, clientHeight: height } = canvas;
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}
