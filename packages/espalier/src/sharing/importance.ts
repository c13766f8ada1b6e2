import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { float32 } from "../onnx/tensor.ts";
import type { Task } from "../tasks/task.ts";
import { gatherEvidence } from "../training/evidence.ts";
import type { Parameters } from "../training/parameters.ts";

export interface ImportanceOptions {
  readonly batch: number;
  readonly seed: number;
  /** What the network learns; default: what the data says. */
  readonly task?: Task;
}

const BATCHES = 100;

/**
 * How much the squared error of each weight counts: (1 + F / mean F) / 2, where F = E[g^2] is the diagonal of the
 * empirical Fisher information (the error of a loss is about F e^2 / 2). F alone would give away every weight whose
 * gradients happen to be small in the batches that were looked at.
 * @param names the parameters that are asked about
 */
export async function importanceOf(
  engine: Engine,
  model: Model,
  data: LearningData,
  names: readonly string[],
  options: ImportanceOptions,
): Promise<Parameters> {
  const { square } = await gatherEvidence(engine, model, data, names, {
    ...options,
    batches: BATCHES,
    wanted: "gradients",
  });
  return new Map(
    Array.from(square, ([name, { dims, data: fisher }]) => {
      const mean = meanOfLive(fisher, model.initializers.get(name)?.data);
      return [
        name,
        float32(
          dims,
          fisher.map((f) => (mean > 0 ? (1 + f / mean) / 2 : 1)),
        ),
      ];
    }),
  );
}

/** The mean over the weights that are not cut. */
function meanOfLive(fisher: Float32Array, weights: ArrayLike<unknown> = []): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < fisher.length; i++) {
    if (weights[i] === 0) continue;
    sum += fisher[i];
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
