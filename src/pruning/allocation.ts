import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import type { Layer } from "./layers.ts";
import { countNonzero } from "./mask.ts";
import { type LayerSensitivity, scan } from "./sensitivity.ts";

/** Parts of a layer's live connections that are tried. */
const PARTS = [...Array.from({ length: 19 }, (_, i) => 1 - i / 20), 0.075, 0.05, 0.03, 0.02];

/** How much a layer alone may add to the error before anything is retrained, in points. */
const BEARABLE = 1;

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
): Promise<Map<string, number>> {
  const curves = await curvesOf(engine, model, data, layers);
  return new Map(
    curves.map(({ name, points }) => {
      const bearable = points.filter(({ error }) => error <= points[0].error + BEARABLE);
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
): Promise<Map<string, number>> {
  const live = layers.reduce((sum, layer) => sum + liveOf(model, layer), 0);
  return balance(await curvesOf(engine, model, data, layers), part * live);
}

/** The name of the layer in which densities alone raise the loss most. */
export async function mostHarmed(
  engine: Engine,
  model: Model,
  data: Dataset,
  layers: readonly Layer[],
  densities: Readonly<Record<string, number>>,
): Promise<string> {
  const { layers: curves } = await scan(engine, model, data, { layers, densities: ({ name }) => [densities[name]] });
  return curves.reduce((most, curve) => (curve.points[0].loss > most.points[0].loss ? curve : most)).name;
}

async function curvesOf(engine: Engine, model: Model, data: Dataset, layers: readonly Layer[]) {
  const densities = (layer: Layer) => PARTS.map((part) => (part * liveOf(model, layer)) / layer.tensor.data.length);
  return (await scan(engine, model, data, { layers, densities })).layers;
}

/** Densities with so many connections in all for which the sum of the layers' losses is least: by Lagrange's multiplier. */
export function balance(curves: readonly LayerSensitivity[], wanted: number): Map<string, number> {
  const choices = curves.map(({ weights, points }) => {
    // Fewer connections never count as better.
    let worst = Number.NEGATIVE_INFINITY;
    return points.map(({ density, loss }) => {
      worst = Math.max(worst, loss);
      return { density, loss: worst, kept: density * weights };
    });
  });
  const choose = (price: number) =>
    choices.map((layer) => layer.reduce((a, b) => (b.loss + price * b.kept < a.loss + price * a.kept ? b : a)));
  const keptAt = (price: number) => choose(price).reduce((sum, { kept }) => sum + kept, 0);
  let [low, high] = [0, 1];
  while (keptAt(high) > wanted && high < HIGHEST_PRICE) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (keptAt(middle) > wanted) low = middle;
    else high = middle;
  }
  // Between two prices the choice jumps; what is left over, or is still too much, goes to all layers alike.
  const chosen = choose(high);
  const scale = wanted / chosen.reduce((sum, { kept }) => sum + kept, 0);
  return new Map(
    chosen.map(({ density }, i) => [curves[i].name, Math.min(curves[i].points[0].density, density * scale)]),
  );
}

const HIGHEST_PRICE = 2 ** 40;
