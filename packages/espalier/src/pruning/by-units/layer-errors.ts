import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import { median } from "../../median.ts";
import type { Model } from "../../onnx/graph.ts";
import { isFloat32, type Tensor } from "../../onnx/tensor.ts";
import { layersOf } from "../../operators/layers.ts";
import type { Held, Product, Side } from "../../operators/units.ts";
import { linearLayer } from "../../reconstruction/linear.ts";
import { prepared } from "../../reconstruction/prepared.ts";
import { problemOf } from "../../reconstruction/problem.ts";
import { type Outputs, Rest } from "../../reconstruction/rest.ts";
import { Walk } from "../../reconstruction/walk.ts";
import type { Task } from "../../tasks/task.ts";
import { parametersOf } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import { productsIn } from "../units/flow.ts";
import { numbering } from "../units/weights.ts";
import type { Anatomy } from "./anatomy.ts";
import type { UnitScores } from "./choose.ts";
import { errorsOf, unitsIn, withoutLeast } from "./columns.ts";

/** How far a layer's outputs go when what it reads of one unit is replaced by its mean, as parts of their square. */
export type LayerErrors = ReadonlyMap<string, Float64Array>;

/** How far the network's outputs go for each part of a layer's own error, by the layers' weights. */
export type Sensitivities = ReadonlyMap<string, number>;

/** What layers would lose with one unit less, as they are. */
export async function layerErrors(
  engine: Engine,
  model: Model,
  data: LearningData,
  anatomy: Anatomy,
  { signal, onWork }: { readonly signal?: AbortSignal; readonly onWork?: OnWork },
  task?: Pick<Task, "lossTally">,
): Promise<{ readonly errors: LayerErrors; readonly sensitivities: Sensitivities }> {
  const readers = readersOf(anatomy);
  const annotated = await prepared(engine, model, data);
  const layers = layersOf(annotated);
  const walk = await Walk.begin(engine, annotated, data);
  const errors = new Map<string, Float64Array>();
  const sensitivities = new Map<string, number>();
  let reference: readonly Outputs[] | undefined;
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted();
    onWork?.("Looking at what units are worth", i, layers.length);
    const ahead = layers.slice(i).map(({ weight }) => weight);
    const found = readers.get(layer.weight);
    const linear = linearLayer(annotated, layer);
    if (!found || !linear) continue;
    await walk.advance(new Map(), ahead);
    const batches = walk.values.map((values) => ({ whole: values, pruned: values }));
    const problem = await problemOf(engine, annotated, layer, batches);
    if (!problem) continue;
    const { squares, shape, fixed, whole } = problem;
    const rest = await Rest.compile(engine, walk, layer, task);
    try {
      const units = unitsIn(linear, layer, found);
      const own = errorsOf(squares, shape, fixed, whole, units);
      errors.set(layer.weight, own);
      reference ??= await rest.outputs(parametersOf(annotated, rest.parameters));
      const halved = withoutLeast(squares, shape, fixed, whole, units, own);
      const error = await squares.error(halved, whole);
      const divergence = await rest.divergence(problem.parameters(halved), reference);
      sensitivities.set(layer.weight, error > 0 ? divergence / error : 0);
    } finally {
      await squares.release();
      await rest.release();
    }
  }
  return { errors, sensitivities };
}

/** What the network would lose with each unit: what those layers lose that read it, by how much that is to the outputs. */
export function scoresFrom(anatomy: Anatomy, errors: LayerErrors, sensitivities: Sensitivities): UnitScores {
  const { typed, flow, free } = anatomy;
  const scores = new Map(Array.from(free, (unit) => [unit, 0]));
  const known = [...sensitivities.values()].filter((value) => value > 0);
  // Where outputs do not move, as of a single one that is taken for a class score, each layer is worth the same.
  const usual = known.length > 0 ? median(known) : 1;
  const factorOf = (weight: string) => (known.length > 0 ? (sensitivities.get(weight) ?? usual) : usual);
  for (const product of productsIn(flow)) {
    const { initializer, reads } = product;
    for (const side of reads) {
      const own = errors.get(initializer) ?? shares(product, side, typed.initializers.get(initializer));
      const factor = factorOf(initializer);
      for (const [i, unit] of (flow.units.of(side.units) ?? []).entries()) {
        const before = scores.get(unit);
        if (before !== undefined) scores.set(unit, before + factor * (own?.[i] ?? 0));
      }
    }
  }
  return scores;
}

/** Of a layer that is no product of matrices: the part of its weights' square that reads each unit. */
function shares({ view }: Held, side: Side, tensor: Tensor | undefined): Float64Array | undefined {
  if (!isFloat32(tensor)) return undefined;
  const indexOf = numbering(view, side);
  const size = side.axes.reduce((product, axis) => product * view[axis], 1);
  const sums = new Float64Array(size);
  let total = 0;
  for (const [i, w] of tensor.data.entries()) {
    sums[indexOf(i)] += w * w;
    total += w * w;
  }
  return sums.map((sum) => sum / (total || 1));
}

/** The products that read units through one side, by their weights. */
export function readersOf({ flow }: Anatomy): Map<string, Product> {
  return new Map(
    productsIn(flow).flatMap((product) =>
      product.reads.length === 1 ? [[product.initializer, product] as const] : [],
    ),
  );
}
