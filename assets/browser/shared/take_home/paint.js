// A part of the page as a picture, larger than on the screen and as sharp: canvases are drawn anew, letters painted.
import { givesOf } from "../pictures.js";
import { layOut, MARGIN, pageColors } from "./caption.js";
import { standalone } from "./vector.js";

export const SCALE = 2; // pixels for one of CSS
const LEFT_OUT = ".row, .hint, [data-control]"; // what is pressed, and how

/** A picture and its caption on the page's own background, as a canvas. */
export async function asCanvas(picture, caption) {
  const { paper, ink } = pageColors();
  const { left, top, width, height } = boxOf(picture);
  const below = layOut(caption, width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(SCALE * (below.width + 2 * MARGIN));
  canvas.height = Math.ceil(SCALE * (height + below.height + 2 * MARGIN));
  const context = canvas.getContext("2d");
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(SCALE, SCALE);
  context.save();
  context.translate(MARGIN - left, MARGIN - top);
  await paint(picture, context);
  context.restore();
  context.fillStyle = ink;
  for (const { text, font, y } of below.lines) {
    context.font = font;
    context.fillText(text, MARGIN, MARGIN + height + y);
  }
  return canvas;
}

/** Where a picture is, without what is pressed below it. */
function boxOf(picture) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  const parts = [...picture.children];
  if (!parts.some((part) => part.matches(LEFT_OUT))) return { left, top, width, height };
  const bottoms = parts.filter((part) => !part.matches(LEFT_OUT)).map((part) => part.getBoundingClientRect().bottom);
  return { left, top, width, height: Math.max(...bottoms) - top };
}

/** Paints an element and all in it where it is in the window. */
async function paint(element, context) {
  const style = getComputedStyle(element);
  if (style.visibility === "hidden" || !element.getClientRects().length || element.matches(LEFT_OUT)) return;
  context.save();
  context.globalAlpha *= Number(style.opacity);
  const isSlider = element.matches("input[type=range]");
  if (!isSlider) paintBox(element, style, context); // a slider's is what the browser draws itself
  if (element.matches("canvas, img")) paintPixels(element, style, context);
  else if (element.matches("svg")) await paintVector(element, context);
  else if (isSlider) paintSlider(element, style, context);
  else {
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) paintText(node, style, context);
      else if (node.nodeType === Node.ELEMENT_NODE) await paint(node, context);
    }
  }
  context.restore();
}

/** The background, and borders on all sides or below. */
function paintBox(element, style, context) {
  const { left, top, width, height } = element.getBoundingClientRect();
  context.beginPath();
  context.roundRect(left, top, width, height, Number.parseFloat(style.borderTopLeftRadius) || 0);
  context.fillStyle = style.backgroundColor;
  context.fill();
  const [above, under] = [style.borderTopWidth, style.borderBottomWidth].map(Number.parseFloat);
  context.strokeStyle = context.fillStyle = style.borderTopColor;
  context.lineWidth = above;
  if (above && under) context.stroke();
  else if (above) context.fillRect(left, top, width, above);
  context.fillStyle = style.borderBottomColor;
  if (under && !above) context.fillRect(left, top + height - under, width, under);
}

/** A canvas that can be drawn anew is, with as many pixels as it gets here. */
function paintPixels(element, style, context) {
  const { left, top } = element.getBoundingClientRect();
  const place = [left + element.clientLeft, top + element.clientTop, element.clientWidth, element.clientHeight];
  const { draw } = givesOf(element);
  context.imageSmoothingEnabled = style.imageRendering !== "pixelated";
  if (!draw) {
    if (element.width && element.height) context.drawImage(element, ...place);
    return;
  }
  element.ratio = SCALE;
  draw();
  const { e: right, f: down } = context.getTransform();
  context.setTransform(1, 0, 0, 1, Math.round(right + SCALE * place[0]), Math.round(down + SCALE * place[1]));
  if (element.width && element.height) context.drawImage(element, 0, 0); // a pixel there is one here
  delete element.ratio;
  draw();
}

async function paintVector(svg, context) {
  const { left, top, width, height } = svg.getBoundingClientRect();
  if (!width || !height) return;
  const image = new Image();
  const text = new XMLSerializer().serializeToString(standalone(svg));
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  context.drawImage(image, left, top, width, height);
}

function paintSlider(input, style, context) {
  const { left, top, width, height } = input.getBoundingClientRect();
  const [low, high] = [Number(input.min), Number(input.max)];
  const radius = 7;
  context.fillStyle = style.color;
  context.globalAlpha /= 2;
  context.fillRect(left, top + height / 2 - 1, width, 2);
  context.globalAlpha *= 2;
  context.beginPath();
  const share = (Number(input.value) - low) / (high - low || 1);
  context.arc(left + radius + share * (width - 2 * radius), top + height / 2, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Word by word, each where the browser has put it. */
function paintText(node, style, context) {
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  const size = Number.parseFloat(style.fontSize);
  const range = document.createRange();
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const [place] = range.getClientRects();
    if (!place?.width) continue;
    const { fontBoundingBoxAscent: ascent = 0.95 * size, fontBoundingBoxDescent: descent = 0.25 * size } =
      context.measureText(word); // the oldest Firefox does not know it
    context.fillText(word, place.left, place.top + (place.height - ascent - descent) / 2 + ascent);
  }
}
