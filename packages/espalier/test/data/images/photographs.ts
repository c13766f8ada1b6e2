import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { Preprocessing } from "../../../src/data/preprocessing.ts";

/** A picture of pixels that all differ: red grows to the right, green downwards. */
export function gradient(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set([10 + 9 * x, 20 + 11 * y, 30 + x + y], 3 * (y * width + x));
  }
  return pixels;
}

/** Pixels ready to be encoded by sharp. */
export function picture(width: number, height: number, pixels: Uint8Array = gradient(width, height)) {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A picture of one colour. */
export function plain(width: number, height: number, rgb: readonly number[]) {
  return picture(
    width,
    height,
    Uint8Array.from({ length: 3 * width * height }, (_, i) => rgb[i % 3]),
  );
}

/** Writes a file into a folder and those around it. */
export function put(folder: string, name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
  return path;
}

/** 4 x 4 pixels, red first, as they are. */
export const asTheyAre: Preprocessing = { crop: [4, 4], channels: "RGB", mean: [0, 0, 0], scale: [1, 1, 1] };
