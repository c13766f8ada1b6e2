import { expect } from "vitest";
import type { Engine } from "../../../src/engine/engine.ts";
import { zeros } from "../../../src/onnx/dtype.ts";
import { fedInputs, type Model } from "../../../src/onnx/graph.ts";
import { float32, isFloat32, type NumericTensor, sizeOf } from "../../../src/onnx/tensor.ts";
import { type Random, random } from "../../../src/random.ts";

/** More than one sample, so that an axis of the batch is none of units. */
const BATCH = 3;
/** Beyond any index that these networks look up. */
const TOKENS = 5;

function feedOf({ name, dtype, shape = [] }: Model["inputs"][number]): NumericTensor {
  const dims = shape.map((dim) => (typeof dim === "number" ? dim : BATCH));
  const stream = random(9, "input", name);
  const size = sizeOf(dims);
  if (dtype !== "int64") return float32(dims, Float32Array.from({ length: size }, stream.normal));
  const data = zeros("int64", size);
  if (data instanceof BigInt64Array)
    data.forEach((_, i) => {
      data[i] = BigInt(stream.below(TOKENS));
    });
  return { dtype, dims, data };
}

async function outputsOf(engine: Engine, model: Model): Promise<number[][]> {
  const program = await engine.compile(model);
  try {
    const outputs = await program.run(Object.fromEntries(fedInputs(model).map((input) => [input.name, feedOf(input)])));
    return model.outputs.map(({ name }) => Array.from<number | bigint, number>(outputs[name].data, Number));
  } finally {
    await program.release();
  }
}

/**
 * Expects two networks to give the same outputs for random inputs, but for rounding.
 * @param tolerance of the largest output
 */
export async function expectSame(engine: Engine, one: Model, other: Model, tolerance = 2e-5): Promise<void> {
  const [before, after] = [await outputsOf(engine, one), await outputsOf(engine, other)];
  expect(after.map(({ length }) => length)).toEqual(before.map(({ length }) => length));
  for (const [o, values] of before.entries()) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - after[o][i])), 0);
    expect(worst).toBeLessThan(tolerance * largest);
    expect(after[o].some(Number.isNaN)).toBe(false);
  }
}

/**
 * Cuts whole slices along each axis of the weights at random, and sets vectors to whole numbers from -1 to 1, but for
 * variances and those called "fixed".
 */
export function cutSlices(model: Model, stream: Random, share: number): void {
  for (const [name, tensor] of model.initializers) {
    if (!isFloat32(tensor) || tensor.dims.length === 0) continue;
    const { dims } = tensor;
    const data = tensor.data.slice();
    if (dims.filter((size) => size > 1).length < 2) {
      if (/\.v$|^fixed/.test(name)) continue;
      model.initializers.set(
        name,
        float32(
          dims,
          data.map(() => stream.below(3) - 1),
        ),
      );
      continue;
    }
    const cut = dims.map((size) => Array.from({ length: size }, () => size > 1 && stream.uniform() < share));
    for (let i = 0; i < data.length; i++) {
      let rest = i;
      const indices = dims.map((_, axis) => {
        const inner = sizeOf(dims.slice(axis + 1));
        const index = Math.floor(rest / inner);
        rest %= inner;
        return index;
      });
      // Of kernels no rows and columns.
      if (indices.some((index, axis) => (axis < 2 || dims.length === 3) && cut[axis][index])) data[i] = 0;
    }
    model.initializers.set(name, float32(dims, data));
  }
}
