import { consumers, type Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { facetsOf } from "./catalogue.ts";
import { type BiasFacet, has, type WeightUse } from "./facets.ts";
import { constantShapes, viewOf } from "./views.ts";

/** Finds the initializer with a number for each output unit of some weights that is added to what they compute. */
export type BiasFinder = (use: WeightUse) => string | undefined;

/**
 * Looks for biases in a network: the operator's own input, or else the constant that the node's only reader adds, on
 * either side of the Add and of any rank, directly or through Identity, Reshape and the like.
 */
export function biasFinder(model: Model): BiasFinder {
  const sourceOf = viewOf(model);
  const shapeOf = constantShapes(model);
  const readers = consumers(model);
  const outputs = new Set(model.outputs.map(({ name }) => name));
  return (use) => {
    const facets = facetsOf(use.node);
    if (!facets || !has(facets.bias)) return undefined;
    const own = facets.bias.input === undefined ? "" : use.node.inputs[facets.bias.input];
    if (own) return sourceIfBias(own, use, facets.bias, "input");
    const [output] = use.node.outputs;
    const [add, ...others] = readers.get(output) ?? [];
    if (add?.op !== "Add" || add.domain !== "" || others.length > 0 || outputs.has(output)) return undefined;
    const [beside, ...more] = add.inputs.filter((input) => input !== output);
    return beside && more.length === 0 ? sourceIfBias(beside, use, facets.bias, "output") : undefined;
  };

  function sourceIfBias(value: string, use: WeightUse, bias: BiasFacet, at: "input" | "output"): string | undefined {
    const source = sourceOf(value);
    const tensor = model.initializers.get(source);
    const shape = bias.shape(use, at);
    const seen = shapeOf(value);
    if (!isFloat32(tensor) || tensor.dims.length === 0 || !shape || !seen) return undefined;
    return spread(seen) === spread(shape) ? source : undefined;
  }
}

/** A shape without leading ones. */
function spread(dims: readonly number[]): string {
  const first = dims.findIndex((size) => size !== 1);
  return first < 0 ? "" : dims.slice(first).join();
}
