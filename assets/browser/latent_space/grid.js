import { digitImage, SIDE } from "../shared/digit.js";
import { element } from "../shared/element.js";

const GRID = 20; // images a side

/** A layer of images over the whole view, drawn again only with it; decodeAt: of a latent position, 784 pixels. */
export function grid(decodeAt) {
  const small = element("canvas", { width: SIDE * GRID, height: SIDE * GRID });
  const brush = small.getContext("2d");
  return (context, { view }) => {
    for (let row = 0; row < GRID; row++) {
      for (let column = 0; column < GRID; column++) {
        const middle = [column, row].map((index) => ((index + 0.5) / GRID) * view.size);
        const pixels = decodeAt(view.toLatent(middle));
        brush.putImageData(digitImage(pixels), column * SIDE, row * SIDE);
      }
    }
    context.globalAlpha = 0.6;
    context.drawImage(small, 0, 0, view.size, view.size);
    context.globalAlpha = 1;
  };
}
