import { forSamples, forStream } from "../adoption/samples.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { Evaluator } from "../training/evaluate.ts";

/**
 * What a network gives for the first samples of the test split, one after the other: its outputs for each. Where samples
 * follow each other, as of a recording, its state is carried along.
 * @param count how many samples at most
 * @throws UserError when the data does not fit the network; the signal's reason
 */
export async function outputsAlong(
  engine: Engine,
  model: Model,
  data: Dataset,
  count: number,
  signal?: AbortSignal,
): Promise<(readonly NumericTensor[])[]> {
  const own = { ...data, targets: [] };
  const network = own.test.stream
    ? forStream(model, own)
    : await simplify(engine, forSamples(model, own), { batch: 1 });
  const evaluator = await Evaluator.create(engine, network, own, [], { batch: 1 });
  try {
    const all: (readonly NumericTensor[])[] = [];
    for await (const { outputs } of evaluator.outputs(own.test, signal)) {
      // The runtime may write the next outputs where these are.
      all.push(outputs.map((output) => ({ ...output, data: output.data.slice() })));
      if (all.length >= count) break;
    }
    return all;
  } finally {
    await evaluator.release();
  }
}
