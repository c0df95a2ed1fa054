// Where a model puts many digits, as a picture: a canvas, because it comes anew every second while a training runs.
import { bytesOf, floatsOf } from "./bytes.js";
import { arrows } from "./layers/arrows.js";
import { axes } from "./layers/axes.js";
import { dots } from "./layers/dots.js";
import { numerals } from "./layers/numerals.js";
import { priorCircles } from "./layers/prior_circles.js";
import { Plane } from "./plane.js";

export default function ({ data, parentElement }) {
  const figure = parentElement.querySelector(".scatter");
  figure.arrows = data.arrows; // before the plane draws
  const pulls = arrows(() => figure.arrows);
  figure.plane ??= new Plane(figure.querySelector("canvas"), [axes, dots, priorCircles, numerals, pulls]);
  figure.plane.take(
    { x: floatsOf(data.x), y: floatsOf(data.y) },
    bytesOf(data.labels),
    data.colors,
    data.limit,
    data.classNames,
  );
  figure.dataset.picture = data.description;
  figure.querySelector("canvas").setAttribute("aria-label", data.description);
  figure.querySelector("figcaption").textContent = data.axes;
}
