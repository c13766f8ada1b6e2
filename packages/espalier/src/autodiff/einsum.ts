import { int, string } from "../onnx/attributes.ts";
import { equationOf } from "../onnx/equation.ts";
import { type GradientRule, notCovered, type RuleContext } from "./rule.ts";

/**
 * The gradient of an operand is again an Einsum: of the result's gradient and the other operands, with the operand's
 * axes as its result.
 */
export const einsum: GradientRule = (context) => {
  const { graph, node, inputs, outputs, gradient, shape, wants } = context;
  const { operands, result } = equationOf(
    node,
    inputs.map((input) => shape(input).length),
  );
  if (operands.some((letters) => new Set(letters).size < letters.length)) {
    throw notCovered(node, "an index that one operand has twice (a diagonal)");
  }
  return inputs.map((input, i) => {
    if (!wants(i)) return undefined;
    const others = inputs.flatMap((other, j) => (j === i ? [] : [{ letters: operands[j], value: other }]));
    const sources = [{ letters: result, value: outputs[0] }, ...others];
    const sizes = new Map<string, number>();
    for (const { letters, value } of sources) {
      const dims = shape(value);
      for (const [axis, letter] of [...letters].entries()) {
        sizes.set(letter, Math.max(sizes.get(letter) ?? 1, dims[axis]));
      }
    }
    const found = [...operands[i]].filter((letter) => sizes.has(letter));
    const equation = `${sources.map(({ letters }) => letters).join()}->${found.join("")}`;
    const factors = [gradient, ...others.map(({ value }) => value)];
    const product = graph.emit("Einsum", factors, { equation: string(equation) });
    return shapedAs(context, product, found, sizes, operands[i], shape(input));
  });
};

/**
 * Sums a value over the axes along which the operand was stretched, and repeats it along those that the operand alone
 * has, which were summed.
 */
function shapedAs(
  { graph }: RuleContext,
  value: string,
  found: readonly string[],
  sizes: ReadonlyMap<string, number>,
  letters: string,
  dims: readonly number[],
): string {
  const own = new Map([...letters].map((letter, axis) => [letter, dims[axis]]));
  const stretched = found.flatMap((letter, axis) => (own.get(letter) === 1 && sizes.get(letter) !== 1 ? [axis] : []));
  const summed =
    stretched.length === 0 ? value : graph.emit("ReduceSum", [value, graph.ints(stretched)], { keepdims: int(1) });
  const kept = [...letters].map((letter) => Math.min(sizes.get(letter) ?? 1, own.get(letter) ?? 1));
  return graph.emit("Expand", [graph.emit("Reshape", [summed, graph.ints(kept)]), graph.ints(dims)]);
}
