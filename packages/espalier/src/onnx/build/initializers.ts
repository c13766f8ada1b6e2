import { random } from "../../random.ts";
import { type FloatTensor, float32, sizeOf } from "../tensor.ts";

/** Fills a new weight tensor [outputs, inputs / groups, ...kernel] from a seeded stream of its own. */
export type Initializer = (dims: readonly number[], seed: number, name: string) => FloatTensor;

/** Normal with variance 2 / fan in, for layers before a Relu (He et al., arXiv 1502.01852). */
export const he: Initializer = (dims, seed, name) => normal(Math.sqrt(2 / fanIn(dims)))(dims, seed, name);

/** Normal with the given standard deviation. */
export function normal(deviation: number): Initializer {
  return (dims, seed, name) => {
    const tensor = float32(dims);
    random(seed, "initialize", name).fillNormal(tensor.data, deviation);
    return tensor;
  };
}

/** Uniform with variance 2 / (fan in + fan out) (Glorot and Bengio, AISTATS 2010). */
export const glorot: Initializer = (dims, seed, name) => {
  const fanOut = dims[0] * sizeOf(dims.slice(2));
  return uniform(dims, Math.sqrt(6 / (fanIn(dims) + fanOut)), seed, name);
};

/** Uniform in +-sqrt(3 / fan in): Caffe's "xavier" filler. */
export const caffeXavier: Initializer = (dims, seed, name) => uniform(dims, Math.sqrt(3 / fanIn(dims)), seed, name);

/** The same number everywhere. */
export function constant(value: number): Initializer {
  // New arrays are zero: memory for them is only taken when it is written.
  return (dims) => (value === 0 ? float32(dims) : float32(dims, new Float32Array(sizeOf(dims)).fill(value)));
}

/** Uniform in +-limit. */
export function uniform(dims: readonly number[], limit: number, seed: number, name: string): FloatTensor {
  const stream = random(seed, "initialize", name);
  const tensor = float32(dims);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = limit * (2 * stream.uniform() - 1);
  return tensor;
}

function fanIn(dims: readonly number[]): number {
  return sizeOf(dims.slice(1));
}
