// What is ink in a picture, and what is paper: on paper of any grey, in uneven light, light on dark too.

const LOOK = 32; // the longer side at which it is seen whether ink is dark or light, pixels
const STROKE = 0.3; // no stroke is wider than this share of the shorter side

/** An ImageData -> {width, height, ink, noise}: ink is the share of the paper's light that lacks; noise its spread. */
export function inkOf(image) {
  const { width, height } = image;
  const grey = greyOf(image);
  if (hasLightInk({ width, height, grey })) for (let i = 0; i < grey.length; i++) grey[i] = 1 - grey[i];
  const smooth = blurred({ width, height, grey });
  const radius = Math.max(2, Math.round((STROKE / 2) * Math.min(width, height)));
  const paper = closed({ width, height, grey: smooth }, radius);
  const ink = grey.map((level, i) => 1 - level / Math.max(paper[i], 0.1));
  const some = ink.filter((_, i) => i % 7 === 0);
  const middle = median(some); // the paper's grain: its brightest points are not its mean
  const noise = 1.5 * median(some.map((level) => Math.abs(level - middle)));
  return { width, height, ink: ink.map((level) => Math.max(0, (level - middle) / (1 - middle))), noise };
}

/** The luma of what is seen, in [0, 1]; where the picture is transparent there is paper, dark if its ink is light. */
function greyOf({ width, height, data }) {
  const luma = new Float32Array(width * height);
  let [visible, light] = [0, 0];
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
    visible += data[4 * i + 3];
    light += data[4 * i + 3] * luma[i];
  }
  const paper = light > 0.5 * visible ? 0 : 1;
  return luma.map((level, i) => paper + (level - paper) * (data[4 * i + 3] / 255));
}

/** Whether what stands out from its surroundings is lighter than they are. The edge of a shadow is both alike. */
function hasLightInk(picture) {
  const { width, height, grey } = reduced(picture, LOOK / Math.max(picture.width, picture.height));
  const reach = Math.max(2, Math.round(Math.max(width, height) / 4));
  let skew = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const around = [];
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v += 2)
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u += 2)
          around.push(grey[v * width + u]);
      skew += (grey[y * width + x] - median(around)) ** 3;
    }
  return skew > 0;
}

/** The picture in fewer pixels, each the mean of those that it stands for. */
function reduced({ width, height, grey }, scale) {
  const [wide, high] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const [sums, counts] = [new Float32Array(wide * high), new Float32Array(wide * high)];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const cell = Math.floor((y * high) / height) * wide + Math.floor((x * wide) / width);
      sums[cell] += grey[i];
      counts[cell]++;
    }
  return { width: wide, height: high, grey: sums.map((sum, i) => sum / counts[i]) };
}

function median(values) {
  const sorted = Float32Array.from(values).sort();
  return sorted[sorted.length >> 1];
}

/** Each pixel as the mean of itself and its neighbours: along rows, then along columns. */
function blurred({ width, height, grey }) {
  const across = grey.map((level, i) => {
    const x = i % width;
    return (level + (x ? grey[i - 1] : level) + (x < width - 1 ? grey[i + 1] : level)) / 3;
  });
  const last = width * (height - 1);
  return across.map((level, i) => (level + across[i < width ? i : i - width] + across[i < last ? i + width : i]) / 3);
}

/**
 * A morphological closing: what is dark and narrower than the square of this radius is gone, edges stay where they are.
 * A little is taken off again, since the picture is blurred: else each edge of a shadow would be a thin line.
 */
function closed({ width, height, grey }, radius) {
  let levels = grey;
  for (const [choose, reach] of [
    [Math.max, radius],
    [Math.min, radius + 2],
  ]) {
    levels = extremes(levels, height, width, width, 1, reach, choose); // along rows
    levels = extremes(levels, width, height, 1, width, reach, choose); // along columns
  }
  return levels;
}

/**
 * The largest or smallest level within a radius, along each of `lines` lines of `length` pixels. Of blocks as long as
 * the window, the running extremes from both ends are enough (van Herk 1992), whatever the radius.
 */
function extremes(levels, lines, length, stepLine, step, radius, choose) {
  const size = 2 * radius + 1;
  const blank = choose(-1, 2) === 2 ? -1 : 2; // beyond the picture: never chosen
  const padded = Math.ceil((length + 2 * radius) / size) * size;
  const [line, there, back] = [0, 1, 2].map(() => new Float32Array(padded).fill(blank));
  const found = new Float32Array(levels.length);
  for (let number = 0; number < lines; number++) {
    const start = number * stepLine;
    for (let i = 0; i < length; i++) line[radius + i] = levels[start + i * step];
    for (let i = 0; i < padded; i++) there[i] = i % size ? choose(there[i - 1], line[i]) : line[i];
    for (let i = padded - 1; i >= 0; i--) back[i] = (i + 1) % size ? choose(back[i + 1], line[i]) : line[i];
    for (let i = 0; i < length; i++) found[start + i * step] = choose(back[i], there[i + size - 1]);
  }
  return found;
}
