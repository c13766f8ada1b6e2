import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { type Choice, chooseAt, neverBetter } from "../lagrange.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { taskFor } from "../tasks/index.ts";
import { reaches, worsened } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { countNonzero } from "./mask.ts";
import { scanLayers } from "./sensitivity.ts";
import { twinOf } from "./units/twin.ts";

/** Parts of a layer's live connections that are tried, before a first round and before another. */
const FIRST_PARTS = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.075, 0.05, 0.03];
const PARTS = [1, 0.93, 0.86, 0.79, 0.72, 0.65, 0.58, 0.5, 0.4, 0.3, 0.2, 0.1];

/** How much worse a layer alone may make the measure before anything is retrained: points of percent, or else a part. */
const BEARABLE = { points: 0.3, part: 0.2 };

/** How many of a layer's weights are not zero in a network. */
export function liveOf(model: Model, { weight, tensor }: Layer): number {
  const current = model.initializers.get(weight);
  return countNonzero(isFloat32(current) ? current : tensor);
}

/** The densities of a first round: the lowest that each layer bears alone without retraining. */
export async function startingDensities(
  engine: Engine,
  model: Model,
  data: Dataset,
  layers: readonly Layer[],
  task: Task = taskFor(data),
): Promise<Map<string, number>> {
  const { measure } = task;
  const curves = await curvesOf(engine, model, data, task, layers, FIRST_PARTS);
  return new Map(
    curves.map(({ name, points }) => {
      const [{ value: whole }] = points;
      const loss = measure.unit === "%" ? BEARABLE.points : BEARABLE.part * Math.abs(whole);
      const bearable = points.filter(({ value }) => reaches(measure, value, worsened(measure, whole, loss)));
      return [name, Math.min(...bearable.map(({ density }) => density))];
    }),
  );
}

/**
 * Divides a number of connections among layers by their sensitivities: so that the loss, right after pruning and each
 * layer alone, grows by as much for the last connection cut in every layer.
 * @param part of the layers' live connections that may stay
 * @returns each layer's density
 */
export async function allocate(
  engine: Engine,
  model: Model,
  data: Dataset,
  layers: readonly Layer[],
  part: number,
  task: Task = taskFor(data),
): Promise<Map<string, number>> {
  // The smaller network without dead units says the same in less time.
  const { model: small } = await twinOf(engine, model);
  const names = new Set(layers.map(({ name }) => name));
  // A layer that is dead already has nothing to divide.
  const own = layersOf(small).filter((layer) => names.has(layer.name) && liveOf(small, layer) > 0);
  const live = own.reduce((sum, layer) => sum + liveOf(small, layer), 0);
  const densities = balance(await curvesOf(engine, small, data, task, own, PARTS), part * live);
  const sizes = new Map(layers.map(({ name, tensor }) => [name, tensor.data.length]));
  return new Map(
    own.map(({ name, tensor }) => [
      name,
      ((densities.get(name) ?? 1) * tensor.data.length) / (sizes.get(name) ?? tensor.data.length),
    ]),
  );
}

/** The name of the layer in which densities alone raise the loss most. */
export async function mostHarmed(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task,
  layers: readonly Layer[],
  densities: Readonly<Record<string, number>>,
): Promise<string> {
  const { layers: curves } = await scanLayers(engine, model, data, {
    task,
    layers,
    densities: ({ name }) => [densities[name]],
  });
  return curves.reduce((most, curve) => (curve.points[0].loss > most.points[0].loss ? curve : most)).name;
}

async function curvesOf(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task,
  layers: readonly Layer[],
  parts: readonly number[],
) {
  const densities = (layer: Layer) => parts.map((part) => (part * liveOf(model, layer)) / layer.tensor.data.length);
  return (await scanLayers(engine, model, data, { task, layers, densities })).layers;
}

/** The loss of a network at several densities of one layer. */
export interface LossCurve {
  readonly name: string;
  readonly weights: number;
  readonly points: readonly { readonly density: number; readonly loss: number }[];
}

/** Densities with so many connections in all for which the sum of the layers' losses is least: by Lagrange's multiplier. */
export function balance(curves: readonly LossCurve[], wanted: number): Map<string, number> {
  const choices = curves.map(({ weights, points }) =>
    neverBetter(points.map(({ density, loss }) => ({ density, loss, cost: density * weights }))),
  );
  const costOf = (chosen: readonly Choice[]) => chosen.reduce((sum, { cost }) => sum + cost, 0);
  const keptAt = (price: number) => costOf(chooseAt(choices, price));
  let [low, high] = [0, 1];
  while (keptAt(high) > wanted && high < HIGHEST_PRICE) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (keptAt(middle) > wanted) low = middle;
    else high = middle;
  }
  // Between two prices the choice jumps; what is left over, or is still too much, goes to all layers alike.
  const chosen = chooseAt(choices, high);
  const scale = wanted / costOf(chosen);
  return new Map(
    chosen.map(({ density }, i) => [curves[i].name, Math.min(curves[i].points[0].density, density * scale)]),
  );
}

const HIGHEST_PRICE = 2 ** 40;
