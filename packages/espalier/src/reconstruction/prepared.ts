import { batchFor, type LearningData } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { upgrade } from "../onnx/upgrade.ts";

/**
 * A network typed for batches that leave out as few of the samples as can be.
 * @throws UserError where there are no samples
 */
export async function prepared(engine: Engine, model: Model, data: LearningData): Promise<TypedModel> {
  const { size } = data.train;
  if (size === 0) throw new UserError(`${data.name} has no samples to fit layers on: give some.`);
  const batches = Math.ceil(size / batchFor(data));
  return annotate(engine, upgrade(model), { batch: Math.floor(size / batches) });
}
