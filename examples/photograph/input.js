/** As `espalier import caffe` notes it in the model: what neither a prototxt nor an option says is as ImageNet's networks have it. */
const STRETCHED = 256;
const SIDE = 227;
/** Of blue, green and red. */
const MEAN = [104, 117, 123];

export const DIMS = [1, 3, SIDE, SIDE];

/**
 * Turns a photograph into the network's input, as `espalier eval --data images:DIR` does: stretched to 256x256 by bicubic
 * interpolation, the middle of it, blue first, less the mean.
 * @param {ImageBitmap} photograph
 */
export function asInput(photograph) {
  const { data, width, height } = pixelsOf(photograph);
  const stretched = resampled(resampled(data, width, height, STRETCHED), STRETCHED, width, STRETCHED);
  const border = Math.floor((STRETCHED - SIDE) / 2);
  const input = new Float32Array(3 * SIDE * SIDE);
  for (let channel = 0, i = 0; channel < 3; channel++) {
    for (let y = border; y < border + SIDE; y++) {
      for (let x = border; x < border + SIDE; x++) {
        input[i++] = stretched[4 * (y * STRETCHED + x) + 2 - channel] - MEAN[channel];
      }
    }
  }
  return input;
}

/** Pixels of red, green, blue and opacity, on white where the photograph is transparent. */
function pixelsOf(photograph) {
  const [width, height] = [photograph.width, photograph.height].map(shrunk);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  Object.assign(context, { fillStyle: "white", imageSmoothingQuality: "high" });
  context.fillRect(0, 0, width, height);
  context.drawImage(photograph, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Large photographs are shrunk by a whole number first: the browser does that quickly. */
function shrunk(length) {
  return Math.round(length / Math.max(1, Math.floor(length / STRETCHED / 2)));
}

/** Resamples each column of an image to a height, and lays the image on its side: done twice, it is upright again. */
function resampled(pixels, width, height, to) {
  const result = new Uint8ClampedArray(4 * to * width);
  for (const [y, taps] of tapsOf(height, to).entries()) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [row, weight] of taps) sum += weight * pixels[4 * (row * width + x) + channel];
        result[4 * (x * to + y) + channel] = sum;
      }
    }
  }
  return result;
}

/** What each of `to` pixels takes of `from` pixels: [place, weight] each. A kernel is as wide as the pixel it makes. */
function tapsOf(from, to) {
  const scale = Math.max(1, from / to);
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const [first, last] = [Math.ceil(centre - 2 * scale), Math.floor(centre + 2 * scale)];
    const places = Array.from({ length: last - first + 1 }, (_, k) => first + k);
    const weights = places.map((place) => cubic(Math.abs(place - centre) / scale));
    const sum = weights.reduce((a, b) => a + b);
    return places.map((place, k) => [Math.min(from - 1, Math.max(0, place)), weights[k] / sum]);
  });
}

/** The kernel of Catmull and Rom, a = -1/2 (Keys 1981). */
function cubic(x) {
  if (x >= 2) return 0;
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((2.5 - 0.5 * x) * x - 4) * x + 2;
}
