import { trainableForm } from "../adoption/trainable-form.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { quantizedLayersOf } from "../operators/quantized/layers.ts";

/**
 * Checks that there are weights which can be changed.
 * @throws UserError for a network all of whose layers are quantized
 */
export function checkNotQuantized(source: Model): void {
  const quantized = quantizedLayersOf(source);
  if (quantized.length === 0 || layersOf(trainableForm(source).model, { nested: true }).length > 0) return;
  const types = [...new Set(quantized.map(({ codes }) => codes.tensor.dtype))].join(", ");
  throw new UserError(
    `The weights of "${source.name}" are quantized (${types}): prune, train or round the float network, and quantize it then; compress codes this one as it is, without options.`,
  );
}
