import { random } from "../random.ts";
import { type FloatTensor, float32, sizeOf } from "./tensor.ts";

/** Fills a new weight tensor [outputs, inputs / groups, ...kernel] from a seeded stream of its own. */
export type Initializer = (dims: readonly number[], seed: number, name: string) => FloatTensor;

/** Normal with variance 2 / fan in, for layers before a Relu (He et al., arXiv 1502.01852). */
export const he: Initializer = (dims, seed, name) => {
  const deviation = Math.sqrt(2 / fanIn(dims));
  const { normal } = random(seed, "initialize", name);
  return filled(dims, () => deviation * normal());
};

/** Uniform with variance 2 / (fan in + fan out) (Glorot and Bengio, AISTATS 2010). */
export const glorot: Initializer = (dims, seed, name) => {
  const fanOut = dims[0] * sizeOf(dims.slice(2));
  return uniform(dims, Math.sqrt(6 / (fanIn(dims) + fanOut)), seed, name);
};

/** Uniform in +-sqrt(3 / fan in): Caffe's "xavier" filler. */
export const caffeXavier: Initializer = (dims, seed, name) => uniform(dims, Math.sqrt(3 / fanIn(dims)), seed, name);

/** The same number everywhere. */
export function constant(value: number): Initializer {
  return (dims) => filled(dims, () => value);
}

function uniform(dims: readonly number[], limit: number, seed: number, name: string): FloatTensor {
  const stream = random(seed, "initialize", name);
  return filled(dims, () => limit * (2 * stream.uniform() - 1));
}

function fanIn(dims: readonly number[]): number {
  return sizeOf(dims.slice(1));
}

function filled(dims: readonly number[], next: () => number): FloatTensor {
  return float32(dims, Float32Array.from({ length: sizeOf(dims) }, next));
}
