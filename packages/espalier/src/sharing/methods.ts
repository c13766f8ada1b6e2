import { UserError } from "../errors.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import type { Random } from "../random.ts";
import { entropyConstrained } from "./entropy.ts";
import { type Init, kMeans } from "./kmeans.ts";
import { MOST_BITS, type SharedTensor } from "./shared.ts";
import { uniform } from "./uniform.ts";

/** How a tensor's values are chosen, beside the bits that their codes may take. */
export interface MethodOptions {
  /** How k-means begins; default "linear". */
  readonly init?: Init;
  /** Of the method "entropy": what a bit may cost, as a part of the mean square of the weights; default 0.01. */
  readonly lambda?: number;
  /** Of the method "entropy": how much the error of each weight counts; default: 1 for all. */
  readonly importance?: Float32Array;
}

type Method = (tensor: FloatTensor, options: MethodOptions & { bits: number; random: Random }) => SharedTensor;

export const DEFAULT_LAMBDA = 0.01;

const kmeans: Method = (tensor, { bits, random, init = "linear" }) => kMeans(tensor, { bits, random, init });

/** Biases are few, and each counts for many weights: a price of bits that suits the weights does not suit them. */
const entropy: Method = (tensor, { bits, random, init = "linear", lambda = DEFAULT_LAMBDA, importance }) =>
  tensor.dims.length < 2
    ? kMeans(tensor, { bits, random, init })
    : entropyConstrained(tensor, { bits, random, init, lambda: lambda * meanSquare(tensor.data), importance });

/** The ways to choose a tensor's values. */
export const methods = { kmeans, uniform, entropy } as const satisfies Record<string, Method>;

export type MethodName = keyof typeof methods;

/** The mean square of the weights that are not zero. */
function meanSquare(data: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    sum += data[i] ** 2;
    if (data[i] !== 0) count++;
  }
  return count === 0 ? 0 : sum / count;
}

/** @throws UserError for bits that no code has */
export function checkBits(bits: number, where: string): void {
  if (Number.isInteger(bits) && bits >= 1 && bits <= MOST_BITS) return;
  throw new UserError(`${bits} bits for "${where}" are not possible: give a whole number from 1 to ${MOST_BITS}.`);
}
