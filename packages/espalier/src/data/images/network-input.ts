import type { Preprocessing } from "../preprocessing.ts";

/** Weights of red, green and blue in luminance (ITU-R BT.601), as Pillow and OpenCV have them. */
const LUMINANCE = [0.299, 0.587, 0.114];

/** Where red, green and blue go. */
const ORDER = { RGB: [0, 1, 2], BGR: [2, 1, 0] } as const;

/**
 * Writes pixels as a network takes them: (value - mean) * scale, channel after channel.
 * @param pixels [height, width, 3], red first
 * @param input [channels, height, width]
 */
export function writeInput(
  pixels: Uint8Array,
  { channels, mean, scale }: Pick<Preprocessing, "channels" | "mean" | "scale">,
  input: Float32Array,
): void {
  const size = pixels.length / 3;
  if (channels === "GRAY") {
    const [r, g, b] = LUMINANCE;
    for (let i = 0; i < size; i++) {
      const luminance = r * pixels[3 * i] + g * pixels[3 * i + 1] + b * pixels[3 * i + 2];
      input[i] = (luminance - mean[0]) * scale[0];
    }
    return;
  }
  for (const [channel, source] of ORDER[channels].entries()) {
    const [m, s, start] = [mean[channel], scale[channel], channel * size];
    for (let i = 0; i < size; i++) input[start + i] = (pixels[3 * i + source] - m) * s;
  }
}
