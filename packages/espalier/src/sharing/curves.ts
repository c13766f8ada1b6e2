import type { Dataset } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { type Choice, neverBetter } from "../lagrange.ts";
import type { Model } from "../onnx/graph.ts";
import { taskFor } from "../tasks/index.ts";
import type { Task } from "../tasks/task.ts";
import { evaluateVariants } from "../training/variants.ts";
import { countCodes, denseOf, type SharedTensor } from "./shared.ts";

/** A way to share one tensor: about how many bytes it takes, and the validation loss when it alone is shared so. */
export interface Variant extends Choice {
  readonly shared: SharedTensor;
}

const BATCH = 250;

/**
 * Measures the validation loss with one tensor shared in each of several ways, the others left as they are.
 * @param ways by parameter, from the finest to the coarsest
 */
export async function curvesOf(
  engine: Engine,
  model: Model,
  data: Dataset,
  ways: ReadonlyMap<string, readonly SharedTensor[]>,
  task: Task = taskFor(data),
): Promise<Map<string, Variant[]>> {
  const annotated = await annotate(engine, model, { batch: Math.min(BATCH, data.validation.size) });
  const curves = new Map<string, Variant[]>();
  for (const [name, shared] of ways) {
    const measured = await evaluateVariants(engine, annotated, name, shared.map(denseOf), data, task);
    const variants = shared.map((own, i) => ({ shared: own, cost: estimatedBytes(own), loss: measured[i].loss }));
    curves.set(name, neverBetter(variants));
  }
  return curves;
}

/** About what a tensor takes in a file: the entropy of its elements, zeros among them, and four bytes for each value. */
export function estimatedBytes(shared: SharedTensor): number {
  const total = shared.codes.length;
  let bits = 0;
  for (const count of countCodes(shared)) bits -= count * Math.log2(count / total);
  return bits / 8 + Float32Array.BYTES_PER_ELEMENT * shared.values.length;
}
