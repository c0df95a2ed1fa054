// The button that prints the page.

export default function ({ parentElement }) {
  parentElement.querySelector("button").onclick = () => window.print();
}
