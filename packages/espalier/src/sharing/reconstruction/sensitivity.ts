import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { float32 } from "../../onnx/tensor.ts";
import { layersOf } from "../../operators/layers.ts";
import { random } from "../../random.ts";
import { prepared } from "../../reconstruction/prepared.ts";
import { type Problem, problemOf } from "../../reconstruction/problem.ts";
import { type Outputs, Rest } from "../../reconstruction/rest.ts";
import { Walk } from "../../reconstruction/walk.ts";
import type { Task } from "../../tasks/task.ts";
import { parametersOf } from "../../training/parameters.ts";
import { kMeans } from "../kmeans.ts";
import { denseOf } from "../shared.ts";

/** Bits by which a layer is shared to see what its errors do: the first of these that makes any. */
const PROBES = [4, 3, 2, 1];

/**
 * How far the network's outputs go from what they were for each part of its own energy that a layer's outputs are
 * wrong by, in divergence (nats), by the layer's name: measured with the layer alone shared coarsely. For small errors
 * the divergence is proportional to their square. Layers that cannot be fitted have none.
 * @param task by whose loss outputs are compared; default: as class scores
 */
export async function sensitivities(
  engine: Engine,
  model: Model,
  data: LearningData,
  seed: number,
  signal?: AbortSignal,
  onLayer?: (name: string) => void,
  task?: Pick<Task, "lossTally">,
): Promise<Map<string, number>> {
  const annotated = await prepared(engine, model, data);
  const layers = layersOf(annotated);
  const walk = await Walk.begin(engine, annotated, data);
  let reference: readonly Outputs[] | undefined;
  const found = new Map<string, number>();
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted();
    await walk.advance(
      new Map(),
      layers.slice(i).map(({ weight }) => weight),
    );
    const batches = walk.values.map((values) => ({ whole: values, pruned: values }));
    const problem = await problemOf(engine, annotated, layer, batches);
    if (!problem) continue;
    const rest = await Rest.compile(engine, walk, layer, task);
    try {
      reference ??= await rest.outputs(parametersOf(annotated, rest.parameters));
      const probe = await coarse(problem, seed);
      if (probe) {
        const divergence = await rest.divergence(problem.parameters(probe.weights), reference);
        found.set(layer.name, divergence / probe.error);
      }
    } finally {
      await rest.release();
      await problem.squares.release();
    }
    onLayer?.(layer.name);
  }
  return found;
}

/** A layer's weights with an error; undefined where they have so few values that none can be made. */
async function coarse({ shape, fixed, whole, squares }: Problem, seed: number) {
  const { columns } = shape;
  const isBias = (i: number) => i % columns >= columns - fixed;
  const connections = float32(
    [whole.length],
    whole.map((w, i) => (isBias(i) ? 0 : w)),
  );
  for (const bits of PROBES) {
    const shared = denseOf(kMeans(connections, { bits, init: "linear", random: random(seed, "probe") })).data;
    const weights = whole.map((w, i) => (isBias(i) ? w : shared[i]));
    const error = await squares.error(weights, whole);
    if (error > 0) return { weights, error };
  }
  return undefined;
}
