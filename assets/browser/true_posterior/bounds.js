// Words and bars for bounds of log p(x) and what they lose against it.
import { element } from "../shared/element.js";
import { number } from "../shared/words.js";

/** A row of the table: a bound, and what it loses against the exact value, as a bar and in nats. */
export class Row {
  /** color: a name in lab.css; most: the loss of the longest bar. */
  constructor(name, color, value, exact, most) {
    Object.assign(this, { exact, most, bar: element("div", { className: "bar" }), lost: element("span") });
    this.bar.style.background = `var(--${color})`;
    [this.label, this.figure] = [element("td"), element("td")];
    this.line = element("tr", {}, this.label, this.figure, element("td", {}, this.bar, this.lost));
    this.take(value, name);
  }

  take(value, name) {
    const lost = this.exact - value;
    this.label.textContent = name;
    this.figure.textContent = `${number(value)} nats`;
    this.bar.style.width = `${Math.min(Math.max((70 * lost) / this.most, 0), 70).toFixed(1)}%`; // room for the number
    this.lost.textContent = lost ? number(-lost) : "";
  }
}

/** A line that says what is lost by a part (PARTS). */
export function lossOf({ color, name, why }, value, tempered) {
  const strong = element("strong", {}, `${number(value)} ${tempered}nats lost by ${name}`);
  strong.style.color = `var(--${color})`;
  return element("div", {}, strong, `: ${why}`);
}
