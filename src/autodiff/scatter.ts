import { int, string } from "../onnx/attributes.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { RuleContext } from "./rule.ts";
import { zeros } from "./zeros.ts";

/**
 * Adds each element of a gradient to its place in a tensor of zeros.
 * @param positions an int64 value of as many elements: places in the flattened tensor
 */
export function scatter(context: RuleContext, positions: string, gradient: string, dims: readonly number[]): string {
  const { graph } = context;
  const flat = graph.ints([-1]);
  const updates = [positions, gradient].map((value) => graph.emit("Reshape", [value, flat]));
  const into = zeros(context, [sizeOf(dims)]);
  const sum = graph.emit("ScatterElements", [into, ...updates], { axis: int(0), reduction: string("add") });
  return graph.emit("Reshape", [sum, graph.ints(dims)]);
}
