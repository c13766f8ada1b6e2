import { int, string } from "../onnx/attributes.ts";
import { int64s, sizeOf } from "../onnx/tensor.ts";
import { asNumbers } from "./elementwise.ts";
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

/** Up to so many rows, a product with one-hot columns may be faster than adding element by element. */
const FEW_ROWS = 256;

/**
 * Adds the rows of a gradient [count, width] to rows of zeros [height, width].
 *
 * Not by ScatterND, which would be the fastest: the runtime shares its additions among threads without a lock, so that
 * of two rows for one place one may be lost.
 * @param at an int64 value [count, 1]: the places of the rows, counted from either end
 */
export function scatterRows(
  context: RuleContext,
  at: string,
  rows: string,
  [count, height, width]: readonly [count: number, height: number, width: number],
): string {
  const { graph } = context;
  if (height <= Math.min(FEW_ROWS, 2 * width)) {
    const places = graph.constant(int64s(Array.from({ length: height }, (_, place) => place)));
    const oneHot = graph.emit("Equal", [graph.emit("Mod", [at, graph.ints([height])]), places]);
    return graph.emit("Gemm", [asNumbers(context, oneHot), rows], { transA: int(1) });
  }
  const into = zeros(context, [height, width]);
  const indices = graph.emit("Expand", [at, graph.ints([count, width])]);
  return graph.emit("ScatterElements", [into, indices, rows], { axis: int(0), reduction: string("add") });
}
