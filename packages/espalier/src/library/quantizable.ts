import { trainableForm } from "../adoption/trainable-form.ts";
import type { Engine } from "../engine/engine.ts";
import { simplifyModel } from "../engine/simplify-model.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { isStoredFloat } from "../onnx/half.ts";
import { allNodes } from "../onnx/nested.ts";
import { isQuantized } from "../onnx/quantized.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { mergeable } from "../operators/roles.ts";

/**
 * The form of a network in which it is quantized: simple, of the operator set that knows scales by channel, its weights
 * initializers under the names of their values.
 * @throws UserError for one that is quantized already, or in halves
 */
export async function quantizableForm(engine: Engine, source: Model): Promise<Model> {
  const quantized = allNodes(source).find(isQuantized);
  if (quantized) {
    throw new UserError(
      `The network "${source.name}" is quantized already (it has ${quantized.op}): give the one of float32.`,
    );
  }
  const other = [...source.initializers.values()].find(({ dtype }) => isStoredFloat(dtype) && dtype !== "float64");
  if (other) {
    throw new UserError(`The network "${source.name}" has weights of ${other.dtype}: give the one of float32.`);
  }
  const { model } = await simplifyModel(engine, source, { mayMerge: mergeable });
  return upgrade(trainableForm(model, { gates: false }).model);
}
