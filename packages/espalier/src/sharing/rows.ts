import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { entropyOf } from "./scaled/scaled.ts";
import type { Sharing } from "./share.ts";
import { bitsOf, countCodes, zeroCode } from "./shared.ts";

/** What became of a shared tensor. */
export interface SharedRow {
  /** The layer's name; of biases the parameter's. */
  readonly name: string;
  /**
   * What its weights are: whole numbers times the scale of their output unit, what is expected of them by the others and
   * corrections of that, or values of a codebook.
   */
  readonly kind: "scaled" | "predicted" | "codebook";
  readonly weights: number;
  /** Those that are not zero. */
  readonly kept: number;
  /** Distinct values, the zero among them where there are zeros, and bits that tell them apart. */
  readonly values: number;
  readonly bits: number;
  /** About what it takes in a file: the entropy of its codes, with the scales or the values of the codebook. */
  readonly bytes: number;
}

/** A row for each shared tensor. */
export function rowsOf(model: Model, sharing: Sharing): SharedRow[] {
  const names = new Map(layersOf(model, { nested: true }).map(({ name, weight }) => [weight, name]));
  return Array.from(sharing, ([parameter, shared]) => {
    const weights = shared.codes.length;
    const zeros = countCodes(shared)[zeroCode(shared)] ?? 0;
    return {
      name: names.get(parameter) ?? parameter,
      kind: "codebook",
      weights,
      kept: weights - zeros,
      values: shared.values.length,
      bits: bitsOf(shared),
      bytes: entropyOf(shared.codes) / 8 + 4 * shared.values.length,
    };
  });
}
