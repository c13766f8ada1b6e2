import { sizeOf } from "../onnx/tensor.ts";
import { type Random, random } from "../random.ts";
import type { Dataset, Split, TensorSpec } from "./dataset.ts";

/**
 * Samples where there are none: noise with as much in each octave, as pictures and sounds have it (Field, J. Opt. Soc.
 * Am. A 4, 1987), so that neighbours are alike; of mean 0 and deviation 1. Every read gives the same.
 */
export function noise(inputs: readonly TensorSpec[], size: number, seed: number): Dataset {
  const kept = new Map<string, Float32Array>();
  const sample = ({ name, shape }: TensorSpec, index: number) => {
    const key = `${index} ${name}`;
    const known = kept.get(key) ?? smoothNoise(shape, random(seed, "noise", name, index));
    kept.set(key, known);
    return known;
  };
  const split: Split = {
    size,
    read(indices, into) {
      for (const spec of inputs) {
        const array = into[spec.name];
        if (!(array instanceof Float32Array)) continue;
        for (let i = 0; i < indices.length; i++) array.set(sample(spec, indices[i]), i * sizeOf(spec.shape));
      }
    },
  };
  return { name: "noise", inputs, targets: [], train: split, validation: split, test: split };
}

function smoothNoise(dims: readonly number[], stream: Random): Float32Array {
  const sum = new Float32Array(sizeOf(dims));
  for (let step = 1; step < 2 * Math.max(1, ...dims); step *= 2) {
    const octave = octaveOf(dims, step, stream);
    for (let i = 0; i < sum.length; i++) sum[i] += octave[i];
  }
  const mean = sum.reduce((total, x) => total + x / sum.length, 0);
  const variance = sum.reduce((total, x) => total + (x - mean) ** 2 / sum.length, 0);
  const factor = variance > 0 ? 1 / Math.sqrt(variance) : 1;
  return sum.map((x) => x * factor);
}

/** Normal numbers, so many elements apart along each axis, with straight lines between them. */
function octaveOf(dims: readonly number[], step: number, { normal }: Random): Float32Array {
  let shape = dims.map((size) => Math.ceil(size / step) + 1);
  let values: Float32Array = Float32Array.from({ length: sizeOf(shape) }, normal);
  for (const [axis, size] of dims.entries()) {
    values = stretched(values, shape, axis, size, step);
    shape = shape.with(axis, size);
  }
  return values;
}

function stretched(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
  size: number,
  step: number,
): Float32Array {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const result = new Float32Array(outer * size * inner);
  for (let o = 0; o < outer; o++) {
    for (let at = 0; at < size; at++) {
      const part = (at % step) / step;
      const from = (o * shape[axis] + Math.floor(at / step)) * inner;
      const to = (o * size + at) * inner;
      for (let i = 0; i < inner; i++) {
        result[to + i] = (1 - part) * values[from + i] + part * values[from + inner + i];
      }
    }
  }
  return result;
}
