import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Executor } from "../../engine/executor.ts";
import type { Model } from "../../onnx/graph.ts";
import { type FloatTensor, float32 } from "../../onnx/tensor.ts";
import { layersOf } from "../../operators/layers.ts";
import { random } from "../../random.ts";
import { inOrder } from "../../reconstruction/in-order.ts";
import { problemOf } from "../../reconstruction/problem.ts";
import type { Parameters } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import { kMeans } from "../kmeans.ts";
import { methods } from "../methods.ts";
import { checkFinite, denseOf, MOST_BITS } from "../shared.ts";
import { shareLayer } from "./share-layer.ts";

export interface ReconstructionOptions {
  /**
   * What one bit more for every weight may cost: in divergence of the network's outputs (nats), and of layers that cannot
   * be fitted in mean squares of their weights.
   */
  readonly lambda: number;
  /** Of the codes of biases; left out: biases are rounded only, to eleven binary digits. */
  readonly biasBits?: number;
  /** Of each layer, by its name. */
  readonly sensitivities: ReadonlyMap<string, number>;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  /** Where the rows of layers are worked on; default: here. */
  readonly executor?: Executor;
}

/**
 * Shares a network's weights layer by layer, from the input on, without labels and without training: each layer's
 * weights are shared so that its outputs stay what they were in the whole network, on some samples. What it reads comes
 * from the shared layers before it, so it also makes up for their errors. A bit costs as much in every layer, in what it
 * does to the network's outputs.
 * @returns the parameters that changed
 */
export async function reconstructShared(
  engine: Engine,
  model: Model,
  data: LearningData,
  { lambda, biasBits, sensitivities, seed, signal, executor, onWork }: ReconstructionOptions,
): Promise<Parameters> {
  const layers = layersOf(model);
  for (const { weight, tensor } of layers) checkFinite(weight, tensor);
  const weights = layers.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
  return inOrder(
    engine,
    model,
    data,
    async (annotated, layer, batches) => {
      const chance = random(seed, "share", layer.weight);
      const fewer = (biases: FloatTensor, bits: number) =>
        denseOf(kMeans(biases, { bits, init: "linear", random: chance }));
      const sensitivity = sensitivities.get(layer.name);
      const problem = sensitivity && (await problemOf(engine, annotated, layer, batches));
      if (!problem) {
        const plain = methods.entropy(layer.tensor, { bits: MOST_BITS, random: chance, lambda });
        return new Map([[layer.weight, denseOf(plain)]]);
      }
      try {
        const price = ((lambda / weights) * problem.squares.energy) / sensitivity;
        const parameters = problem.parameters(await shareLayer(problem, price, chance, { executor, signal }));
        return new Map(
          Array.from(parameters, ([name, tensor]) => {
            if (name === layer.weight) return [name, tensor];
            return [name, biasBits === undefined ? rounded(tensor) : fewer(tensor, biasBits)];
          }),
        );
      } finally {
        await problem.squares.release();
      }
    },
    { signal, onWork, what: "Sharing layers" },
  );
}

/** 2^13 + 1, by which the first 11 of 24 digits are split off (Dekker, Numerische Mathematik 18, 1971). */
const SPLITTER = 8193;

/** Numbers rounded to eleven binary digits, as half precision has: the others would take bytes and change no output. */
function rounded({ dims, data }: FloatTensor): FloatTensor {
  return float32(
    dims,
    data.map((x) => {
      const far = Math.fround(x * SPLITTER);
      return Math.fround(far - Math.fround(far - x));
    }),
  );
}
