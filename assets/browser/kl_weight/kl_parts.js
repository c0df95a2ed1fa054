// What the KL of each rung is made of, as one bar of two colours: what z tells of x, and what all clouds together
// differ from the prior. The mean of KL(q(z|x) || p) is I(x; z) + KL(q(z) || p) (Hoffman and Johnson 2016).
import { element } from "../shared/element.js";

/** rungs: {id, label, weight, kl, information}, nats; information is null where it was not measured. */
export function buildParts(place, rungs, choose) {
  const most = Math.max(...rungs.map(({ kl }) => kl), 1e-3);
  place.replaceChildren(...rungs.map((rung) => bar(rung, most, choose)));
}

/** The same as columns of numbers, nats; empty where it was not measured. */
export function partsAsColumns(rungs) {
  return {
    weight: rungs.map(({ weight }) => weight),
    kl: rungs.map(({ kl }) => kl),
    "I(x; z)": rungs.map(({ information }) => information),
    "KL(q(z) || p)": rungs.map(({ kl, information }) => (information === null ? null : kl - information)),
  };
}

function bar(rung, most, choose) {
  const [told, apart] = partsOf(rung);
  const share = (nats) => `${((100 * Math.max(nats, 0)) / most).toFixed(1)}%`;
  const parts = [
    element("span", { className: "told", style: `height: ${share(told)}` }),
    element("span", { className: "apart", style: `height: ${share(apart)}` }),
  ];
  const whole = element("span", { className: "bar" }, ...parts);
  const numbers = element("small", {}, rung.kl.toFixed(1));
  const button = element(
    "button",
    { type: "button", title: inParts(rung), "aria-label": `β = ${rung.label}: ${inParts(rung)}` },
    numbers,
    whole,
    element("strong", {}, String(rung.weight)), // the whole label would make the bars stand at different heights
  );
  button.dataset.id = rung.id;
  button.addEventListener("click", () => choose(rung));
  return button;
}

/** Nats that z tells of x, and nats that all clouds together differ from N(0, I); all of it the former if unknown. */
function partsOf({ kl, information }) {
  if (information === null) return [kl, 0];
  const told = Math.min(Math.max(information, 0), kl); // an estimate may be a little beyond
  return [told, kl - told];
}

/** KL 6.6 = 6.2 + 0.4, short; nothing where it was not measured. */
export function sumOf(rung) {
  if (rung.information === null) return "";
  return partsOf(rung)
    .map((nats) => nats.toFixed(1))
    .join(" + ");
}

/** KL 6.6 = 6.2 + 0.4, in words. */
export function inParts(rung) {
  const [told, apart] = partsOf(rung).map((nats) => nats.toFixed(1));
  if (rung.information === null) return `KL ${told} nats; its parts were not measured`;
  return `of the KL, ${told} nats tell of x, and ${apart} are how far all clouds together are from N(0, I)`;
}
