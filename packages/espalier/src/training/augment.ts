import { UserError } from "../errors.ts";
import type { Random } from "../random.ts";

/** Changes of training images that leave their class as it is, drawn anew for each image at each step. */
export interface Augmentation {
  /** The most pixels by which an image moves along each axis, either way; what comes in repeats the border. */
  readonly shift?: number;
  /** Whether every other image, by chance, is mirrored left to right. */
  readonly flip?: boolean;
}

/** Changes one batch of images in place. */
export type Augment = (inputs: Float32Array, random: Random) => void;

/**
 * Makes ready to change batches of samples of the given shape, [channels, height, width]; undefined where there is
 * nothing to change.
 * @throws UserError when the samples are not images, or smaller than the shift
 */
export function augmenter({ shift = 0, flip = false }: Augmentation, shape: readonly number[]): Augment | undefined {
  if (shift === 0 && !flip) return undefined;
  const [channels, height, width] = shape;
  if (shape.length !== 3) {
    throw new UserError(`Samples of the shape [${shape}] are not images [channels, height, width] to move or mirror.`);
  }
  if (!(shift < Math.min(height, width))) {
    throw new UserError(`Images of ${height} x ${width} cannot move by ${shift} pixels: take fewer.`);
  }
  const plane = new Float32Array(height * width);
  return (inputs, { below }) => {
    for (let start = 0; start < inputs.length; start += channels * plane.length) {
      const [down, right] = shift === 0 ? [0, 0] : [below(2 * shift + 1) - shift, below(2 * shift + 1) - shift];
      const mirrored = flip && below(2) === 1;
      if (down === 0 && right === 0 && !mirrored) continue;
      for (let c = 0; c < channels; c++) {
        const at = start + c * plane.length;
        const target = inputs.subarray(at, at + plane.length);
        plane.set(target);
        for (let y = 0; y < height; y++) {
          const from = clamp(y - down, height) * width;
          for (let x = 0; x < width; x++) {
            const column = clamp(x - right, width);
            target[y * width + x] = plane[from + (mirrored ? width - 1 - column : column)];
          }
        }
      }
    }
  };
}

const clamp = (index: number, size: number) => Math.min(Math.max(index, 0), size - 1);
