import type { Preprocessing } from "../preprocessing.ts";

/** Weights of red, green and blue in luminance (ITU-R BT.601), as Pillow and OpenCV have them. */
const LUMINANCE = [0.299, 0.587, 0.114];

/** Where red, green and blue go. */
const ORDER = { RGB: [0, 1, 2], BGR: [2, 1, 0] } as const;

/**
 * Writes pixels as a network takes them: (value - mean) * scale, channel after channel, or pixel after pixel where the
 * layout says so. Bytes are what is left, rounded.
 * @param pixels [height, width, 3], red first
 * @param input [channels, height, width], or [height, width, channels]
 */
export function writeInput(
  pixels: Uint8Array,
  { channels, mean, scale, layout }: Pick<Preprocessing, "channels" | "mean" | "scale" | "layout">,
  input: Float32Array | Uint8Array,
): void {
  const size = pixels.length / 3;
  if (channels === "GRAY") {
    const [r, g, b] = LUMINANCE;
    const whole = input instanceof Uint8Array;
    for (let i = 0; i < size; i++) {
      const luminance = r * pixels[3 * i] + g * pixels[3 * i + 1] + b * pixels[3 * i + 2];
      const value = (luminance - mean[0]) * scale[0];
      input[i] = whole ? Math.round(value) : value;
    }
    return;
  }
  for (const [channel, source] of ORDER[channels].entries()) {
    const [m, s] = [mean[channel], scale[channel]];
    const [start, step] = layout === "NHWC" ? [channel, 3] : [channel * size, 1];
    for (let i = 0; i < size; i++) input[start + i * step] = (pixels[3 * i + source] - m) * s;
  }
}
