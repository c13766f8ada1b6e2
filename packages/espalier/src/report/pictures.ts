import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { layersOf } from "../operators/layers.ts";
import { maskAbove } from "../pruning/mask.ts";
import { histogram } from "./histogram.ts";
import type { RunReport } from "./run-report.ts";

const BINS = 80;

/** The weights of each layer before and after. */
export function histogramsOf(dense: Model, pruned: Model): RunReport["histograms"] {
  return layersOf(dense).flatMap(({ name, weight, tensor }) => {
    const after = pruned.initializers.get(weight);
    if (!isFloat32(after)) return [];
    let largest = 0;
    for (const w of tensor.data) largest = Math.max(largest, Math.abs(w));
    for (const w of after.data) largest = Math.max(largest, Math.abs(w));
    const range = [-largest, largest] as const;
    return [{ layer: name, before: histogram(tensor.data, BINS, range), after: histogram(after.data, BINS, range) }];
  });
}

/** The mask of a first layer that looks at whole images: a row for each unit, as the paper's figure shows it. */
export function maskPicture(pruned: Model, sampleShape: readonly number[]): RunReport["mask"] {
  const [first] = layersOf(pruned);
  const [rows, columns] = first?.tensor.dims ?? [];
  const width = sampleShape.at(-1) ?? 1;
  if (first?.node.op !== "Gemm" || columns !== sampleShape.reduce((product, dim) => product * dim, 1)) return undefined;
  return {
    layer: first.name,
    rows,
    columns,
    kept: Uint8Array.from(maskAbove(first.tensor, 0).data),
    columnsPerBand: width,
  };
}
