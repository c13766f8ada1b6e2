import type { Dataset, Split } from "../data/dataset.ts";
import { outputsOf } from "../engine/difference.ts";
import type { Engine } from "../engine/engine.ts";
import { inputsFor, type RandomInputs } from "../engine/random-inputs.ts";
import { UserError } from "../errors.ts";
import { copyElements } from "../onnx/elements.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";

/** How much that is random, and which. */
export interface RandomDataOptions {
  /** Samples to learn from; there are half as many each to choose and to be judged by. Default: 64. */
  readonly samples?: number;
  /** The same seed gives the same samples. Default: 1. */
  readonly seed?: number;
}

/**
 * Samples where there are none: random inputs of the shapes that a network takes, real numbers from the standard normal
 * distribution, whole ones small. They show that a network runs, how long it takes and how rounding changes it; what it
 * does on real inputs they do not.
 * @throws UserError where it runs on none that are tried, or its inputs do not share a batch
 */
export async function randomData(
  engine: Engine,
  model: Model,
  { samples = 64, seed = 1 }: RandomDataOptions = {},
): Promise<Dataset> {
  const { draw, shapes } = await batchedInputs(engine, model, seed);
  const half = Math.ceil(samples / 2);
  const split = (start: number, size: number): Split => ({
    size,
    read(indices, into) {
      for (let i = 0; i < indices.length; i++) {
        const drawn = draw(start + indices[i]);
        for (const [name, target] of Object.entries(into)) {
          const own = drawn[name];
          if (own) copyElements(own.data, 0, own.data.length, target, i * sizeOf(own.dims));
        }
      }
    },
  });
  const drawn = draw(0);
  return {
    name: "random inputs",
    inputs: Object.entries(shapes).map(([name, shape]) => ({ name, dtype: drawn[name].dtype, shape: shape.slice(1) })),
    targets: [],
    train: split(0, samples),
    validation: split(samples, half),
    test: split(samples + half, half),
  };
}

/**
 * Random inputs that a network runs on, the batch first in the shape of each.
 * @throws UserError where there are none
 */
export async function batchedInputs(engine: Engine, model: Model, seed: number): Promise<RandomInputs> {
  const program = await engine.compile(model);
  try {
    const found = await inputsFor(model, (feeds) => outputsOf(program, feeds), seed);
    if (!found)
      throw new UserError(`"${model.name}" runs on no random inputs that were tried: give it shapes, or data.`);
    const [first] = Object.values(found.shapes);
    const other = fedInputs(model).find(({ name }) => found.shapes[name]?.[0] !== first?.[0]);
    if (other || first?.[0] === undefined) {
      throw new UserError(
        `The inputs of "${model.name}" do not share a batch, so that nothing random makes samples of them: fix "${other?.name ?? ""}", or give data.`,
      );
    }
    return found;
  } finally {
    await program.release();
  }
}
