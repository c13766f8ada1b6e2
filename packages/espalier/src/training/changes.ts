import type { Arrays } from "../data/dataset.ts";
import type { Route } from "../data/routes.ts";
import { UserError } from "../errors.ts";
import { random } from "../random.ts";
import { type Augmentation, augmenter } from "./augment.ts";
import { dropInputs } from "./dropout.ts";

export interface ChangeOptions {
  /** How training images are changed at each step; default: not at all. */
  readonly augmentation?: Augmentation;
  /** The part of the inputs that is dropped at each step; default: none. */
  readonly inputDropout?: number;
  readonly seed: number;
}

/** Changes a batch of training samples in place, by chance that depends on the epoch and the step alone. */
export type Change = (batch: Arrays, epoch: number, step: number) => void;

/**
 * Makes ready to change training samples: their image, and all of their inputs that are float32.
 * @param routes by which samples become inputs
 * @throws UserError when images are to change and there is none, or more than one
 */
export function trainingChanges(
  routes: readonly Route[],
  { augmentation = {}, inputDropout = 0, seed }: ChangeOptions,
): Change {
  const floats = routes.filter(({ to }) => to.dtype === "float32");
  const augment = imageChange(floats, augmentation);
  return (batch, epoch, step) => {
    augment?.(batch, epoch, step);
    if (inputDropout === 0) return;
    const stream = random(seed, "input-dropout", epoch, step);
    for (const { to } of floats) dropInputs(floatsOf(batch, to.name), inputDropout, stream);
  };

  function imageChange(inputs: readonly Route[], augmentation: Augmentation): Change | undefined {
    const images = inputs.filter(({ from }) => from.shape.length === 3);
    const [{ from, to }] = images.length > 0 ? images : routes;
    const augment = augmenter(augmentation, from.shape);
    if (augment && images.length > 1) {
      throw new UserError(
        `Each sample has ${images.length} images (${images.map(({ to }) => to.name).join(", ")}), which belong together: train without moving or mirroring them.`,
      );
    }
    return augment && ((batch, epoch, step) => augment(floatsOf(batch, to.name), random(seed, "augment", epoch, step)));
  }
}

function floatsOf(batch: Arrays, name: string): Float32Array {
  const data = batch[name];
  if (data instanceof Float32Array) return data;
  throw new Error(`The input "${name}" is not fed as float32.`);
}
