import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import type { Layer } from "./layers.ts";
import { countNonzero } from "./mask.ts";
import { type LayerSensitivity, scan } from "./sensitivity.ts";

/** Parts of a layer's live connections that are tried. */
const PARTS = [
  1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05,
];

/**
 * Divides a number of connections among layers by their sensitivities: so that one connection more or less would
 * change the loss by as much in every layer. Right after pruning, each layer alone, on the validation split.
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
  const liveOf = ({ weight, tensor }: Layer) => {
    const current = model.initializers.get(weight);
    return countNonzero(isFloat32(current) ? current : tensor);
  };
  const densities = (layer: Layer) => PARTS.map((part) => (part * liveOf(layer)) / layer.tensor.data.length);
  const { layers: curves } = await scan(engine, model, data, { layers, densities });
  const wanted = part * layers.reduce((sum, layer) => sum + liveOf(layer), 0);
  return balance(curves, wanted);
}

/** Densities of least harm, sum over layers of L_l(k_l), with so many connections in all: by Lagrange's multiplier. */
export function balance(curves: readonly LayerSensitivity[], wanted: number): Map<string, number> {
  const harms = curves.map(({ name, weights, points }) => {
    const sorted = [...points].sort((a, b) => b.density - a.density);
    // Fewer connections never count as better.
    let worst = Number.NEGATIVE_INFINITY;
    return {
      name,
      weights,
      points: sorted.map(({ density, loss }) => {
        worst = Math.max(worst, loss);
        return { density, harm: worst, kept: density * weights };
      }),
    };
  });
  const choose = (price: number) =>
    harms.map(({ points }) => points.reduce((a, b) => (b.harm + price * b.kept < a.harm + price * a.kept ? b : a)));
  const keptAt = (price: number) => choose(price).reduce((sum, { kept }) => sum + kept, 0);
  let low = 0;
  let high = 1;
  while (keptAt(high) > wanted && high < 2 ** 40) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (keptAt(middle) > wanted) low = middle;
    else high = middle;
  }
  // Between two prices the choice jumps; what is left over goes to all layers alike.
  const chosen = choose(high);
  const spare = Math.max(1, wanted / chosen.reduce((sum, { kept }) => sum + kept, 0));
  return new Map(
    chosen.map(({ density }, i) => [harms[i].name, Math.min(harms[i].points[0].density, density * spare)]),
  );
}
