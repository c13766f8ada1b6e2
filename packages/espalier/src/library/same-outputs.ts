import type { Head } from "../adoption/heads.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";

/**
 * Where each output of the reference is among the network's: by its name, or by its place where the names differ.
 * @throws UserError where there are not as many
 */
export function orderOf(own: Model, right: Model): number[] {
  const places = right.outputs.map(({ name }) => own.outputs.findIndex((output) => output.name === name));
  if (!places.includes(-1)) return places;
  if (own.outputs.length === right.outputs.length) return own.outputs.map((_, i) => i);
  const list = ({ outputs }: Model) => outputs.map(({ name }) => `"${name}"`).join(", ");
  throw new UserError(
    `The networks have the outputs ${list(own)} and ${list(right)}: compare networks with the same outputs.`,
  );
}

/** @throws UserError for outputs of another number of elements than those of the reference */
export function checkSizes(
  heads: readonly Head[],
  outputs: readonly NumericTensor[],
  targets: readonly NumericTensor[],
): void {
  for (const [i, { name }] of heads.entries()) {
    const [a, b] = [outputs[i].dims, targets[i].dims];
    if (sizeOf(a) === sizeOf(b)) continue;
    throw new UserError(
      `The output "${name}" is [${a}] of one network and [${b}] of the other: compare networks with the same outputs.`,
    );
  }
}
