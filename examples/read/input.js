/** The detector takes pictures of sides of this many pixels, up to the longest. */
const STEP = 32;
const LONGEST = 960;
/** In the order of the detector's channels, blue first: PaddleOCR takes ImageNet's numbers for red, green, blue so. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** The height of a line, and how wide lines at least are, for the recognizer; for the classifier they are just as wide. */
export const LINE = 48;
const NARROWEST = 320;
const WIDEST = 2400;
export const CLASSIFIED = 192;

/** @typedef {{ dims: number[], data: Float32Array }} Tensor */

/**
 * A picture as the detector takes it.
 * @param {ImageBitmap} picture
 * @returns {Tensor} [1, 3, height, width]
 */
export function detectorInput(picture) {
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((length) =>
    Math.max(STEP, STEP * Math.round((length * scale) / STEP)),
  );
  const context = canvasOf(width, height, "white");
  context.drawImage(picture, 0, 0, width, height);
  return tensorOf(context, (value, channel) => (value / 255 - MEAN[channel]) / DEVIATION[channel]);
}

/**
 * A line as the recognizer takes it: upright, grey behind its end.
 * @param {ImageBitmap} picture
 * @param {import("./boxes.js").Corners} corners of the line in the picture
 * @returns {Tensor} [1, 3, 48, width]
 */
export function recognizerInput(picture, corners) {
  const width = Math.min(WIDEST, Math.ceil((LINE * lengthOf(corners)) / heightOf(corners)));
  // Few widths: the runtime plans each shape anew.
  return lineInput(picture, corners, width, Math.max(NARROWEST, STEP * 2 * Math.ceil(width / STEP / 2)));
}

/**
 * A line as the classifier of upright lines takes it: one that is longer is squeezed.
 * @param {ImageBitmap} picture
 * @param {import("./boxes.js").Corners} corners of the line in the picture
 * @returns {Tensor} [1, 3, 48, 192]
 */
export function classifierInput(picture, corners) {
  const width = Math.ceil((LINE * lengthOf(corners)) / heightOf(corners));
  return lineInput(picture, corners, Math.min(CLASSIFIED, width), CLASSIFIED);
}

function lineInput(picture, [topLeft, topRight, , bottomLeft], width, padded) {
  const context = canvasOf(padded, LINE, "rgb(127.5 127.5 127.5)");
  context.beginPath();
  context.rect(0, 0, width, LINE);
  context.clip();
  const right = [topRight[0] - topLeft[0], topRight[1] - topLeft[1]];
  const down = [bottomLeft[0] - topLeft[0], bottomLeft[1] - topLeft[1]];
  // From the line to the picture; the canvas wants the way back.
  const line = new DOMMatrix([right[0] / width, right[1] / width, down[0] / LINE, down[1] / LINE, ...topLeft]);
  context.setTransform(line.inverse());
  context.drawImage(picture, 0, 0);
  return tensorOf(context, (value) => (value - 127.5) / 127.5);
}

function canvasOf(width, height, colour) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  return context;
}

/** Channels one behind the other, blue first. */
function tensorOf(context, normalized) {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const size = width * height;
  const values = new Float32Array(3 * size);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < size; i++) values[channel * size + i] = normalized(data[4 * i + 2 - channel], channel);
  }
  return { dims: [1, 3, height, width], data: values };
}

const lengthOf = ([topLeft, topRight]) => Math.hypot(topRight[0] - topLeft[0], topRight[1] - topLeft[1]);
const heightOf = ([topLeft, , , bottomLeft]) => Math.hypot(bottomLeft[0] - topLeft[0], bottomLeft[1] - topLeft[1]);
