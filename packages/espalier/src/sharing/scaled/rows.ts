import type { Model } from "../../onnx/graph.ts";
import { layersOf } from "../../operators/layers.ts";
import type { SharedRow } from "../rows.ts";
import { bytesIn, isScaled, type Scaling } from "./rounded.ts";

/** What became of each rounded tensor. */
export function scaledRows(model: Model, scaling: Scaling): SharedRow[] {
  const names = new Map(layersOf(model).map(({ name, weight }) => [weight, name]));
  return Array.from(scaling, ([parameter, rounded]) => {
    const numbers = isScaled(rounded) ? rounded.codes : rounded.tensor.data;
    const values = new Set(numbers).size;
    let kept = 0;
    for (const number of numbers) if (number !== 0) kept++;
    return {
      name: names.get(parameter) ?? parameter,
      kind: isScaled(rounded) ? "scaled" : "predicted",
      weights: numbers.length,
      kept,
      values,
      bits: Math.ceil(Math.log2(Math.max(2, values))),
      bytes: bytesIn(rounded),
    };
  });
}
