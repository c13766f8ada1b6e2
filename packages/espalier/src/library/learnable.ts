import { batchThatFits, roomFor } from "../adoption/batch.ts";
import { headsOf } from "../adoption/heads.ts";
import { batchFor, type Dataset } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import type { OutputKind } from "../sharing/scaled/embedded.ts";

/** Numbers that all values of a batch may be together, of which gradients and moments are several times as many. */
const MOST_VALUES = 2 ** 23;
/** Smaller batches bring a training more steps. */
const MOST_BATCH = 32;

/**
 * A network whose outputs can be learned from, without the branches that its shapes do not take; how many samples to take
 * at a time, and what each output is.
 */
export async function learnable(engine: Engine, open: Model, data: Dataset) {
  const single = await annotate(engine, open, { batch: 1 });
  const wanted = roomFor(single, MOST_VALUES, Math.min(batchFor(data), data.train.size, MOST_BATCH));
  const kinds = headsOf(single).map(
    ({ kind, dense, shape, classes }): OutputKind =>
      kind === "values" && dense && shape.length === 2 && classes > 1 ? "scores" : "made",
  );
  const batch = await batchThatFits(engine, open, single, wanted);
  const settled = await simplify(engine, open, { batch });
  return { network: { ...settled, inputs: open.inputs, values: new Map() }, batch, kinds };
}
