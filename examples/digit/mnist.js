/** MNIST's images: so many pixels a side. */
export const SIDE = 28;
/** The longer side of a digit's box. */
const BOX = 20;
/** Where the centre of mass comes to lie: the middle of the pixel to the right of and below the image's middle. */
const CENTRE = 14.5;

/**
 * Turns a drawing into an image as MNIST has them: the digit is scaled so that its longer side is 20 pixels, and laid
 * into 28x28 by its centre of mass; 0 is paper, 1 is ink (http://yann.lecun.com/exdb/mnist).
 * @param {HTMLCanvasElement} canvas ink on a transparent ground
 * @returns {Float32Array | undefined} undefined when nothing is drawn
 */
export function asMnist(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const ink = (x, y) => data[4 * (y * width + x) + 3] / 255;

  let [left, right, top, bottom] = [width, 0, height, 0];
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = ink(x, y);
      if (value === 0) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  }
  if (mass === 0) return undefined;

  // A pixel of the drawing covers at most four of the image's: each gets its share of the ink.
  const scale = Math.min(1, BOX / (Math.max(right - left, bottom - top) + 1));
  const image = new Float32Array(SIDE * SIDE);
  for (let y = top; y <= bottom; y++) {
    const rows = shares((y - massY / mass) * scale + CENTRE, scale);
    for (let x = left; x <= right; x++) {
      const value = ink(x, y);
      if (value === 0) continue;
      const columns = shares((x - massX / mass) * scale + CENTRE, scale);
      for (const [row, tall] of rows) {
        for (const [column, wide] of columns) image[SIDE * row + column] += value * tall * wide;
      }
    }
  }
  return image;
}

/** Which pixels of a row or column a stretch of at most one pixel's length covers, and how much of each. */
function shares(start, length) {
  const first = Math.floor(start);
  const inFirst = Math.min(length, first + 1 - start);
  const parts = [
    [first, inFirst],
    [first + 1, length - inFirst],
  ];
  return parts.filter(([at, part]) => part > 0 && at >= 0 && at < SIDE);
}
