import type { Node } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";

/** Operators that keep numbers and their order, in one shape or another; a mean does where it is of one number. */
const CARRIERS = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout", "ReduceMean"]);

/**
 * The node that makes an output's numbers, and those behind it, which only carry them, from the output on.
 * @param turning whether a Transpose carries numbers too: where their order does not matter
 */
export function endOf(
  typed: TypedModel,
  made: ReadonlyMap<string, Node>,
  output: string,
  { turning = false }: { readonly turning?: boolean } = {},
) {
  const size = sizeOf(shapeIn(typed, output));
  const carriers: Node[] = [];
  const carries = ({ op, domain, inputs }: Node) =>
    domain === "" &&
    (CARRIERS.has(op) || (turning && op === "Transpose")) &&
    sizeOf(shapeIn(typed, inputs[0])) === size;
  let end = made.get(output);
  while (end && carries(end)) {
    carriers.push(end);
    end = made.get(end.inputs[0]);
  }
  return { end: end?.domain === "" ? end : undefined, carriers };
}

/** The shape of a value of a typed network. */
export function shapeIn({ values, outputs, inputs, initializers }: TypedModel, name: string): readonly number[] {
  const value = values.get(name) ?? [...outputs, ...inputs].find((each) => each.name === name);
  return value?.shape ?? initializers.get(name)?.dims ?? [];
}
