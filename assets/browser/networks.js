// Puts one pass of a digit into the picture of the two networks: pictures and numbers by the class of their element.
export default function ({ parentElement, data }) {
  for (const [name, address] of Object.entries(data.pictures)) {
    for (const image of parentElement.querySelectorAll(`image.${name}`)) image.setAttribute("href", address);
  }
  for (const [name, text] of Object.entries(data.words)) {
    for (const element of parentElement.querySelectorAll(`text.${name}, tspan.${name}`)) element.textContent = text;
  }
}
