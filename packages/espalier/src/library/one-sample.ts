import { forSamples } from "../adoption/samples.ts";
import { batchOf, type Dataset } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { fedTensors, routesFor } from "../training/feeding.ts";

/** A network for single samples, and what it is fed. */
export interface OneSample {
  /** The network with concrete shapes; states that a caller would carry are zero. */
  readonly model: TypedModel;
  /** By the names of its inputs. */
  readonly feeds: Tensors;
}

/**
 * A network ready to run on one sample of some data, in any runtime: to time it, or to see what it gives.
 * @param index which sample of the test split
 * @throws UserError when the data does not fit the network
 */
export async function oneSample(engine: Engine, model: Model, data: Dataset, index = 0): Promise<OneSample> {
  const typed = await simplify(engine, forSamples(model, data), { batch: 1 });
  const feed = { inputs: fedInputs(typed), targets: [] };
  const { tensors, arrays } = batchOf(fedTensors(feed), 1);
  await routed(data.test, routesFor(feed, data)).read([index], arrays);
  return { model: typed, feeds: tensors };
}
