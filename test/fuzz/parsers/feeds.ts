import { zeros } from "../../../packages/espalier/src/onnx/dtype.ts";
import { readModel } from "../../../packages/espalier/src/onnx/read.ts";
import type { NumericTensor } from "../../../packages/espalier/src/onnx/tensor.ts";
import { sizeOf } from "../../../packages/espalier/src/onnx/tensor.ts";
import { random } from "../../../packages/espalier/src/random.ts";

/** Inputs of more elements are not fed. */
const MOST = 2 ** 12;

/** Small numbers for inputs whose shapes are stated, open sizes being two; undefined where they are not, or large. */
export function feedsFor(
  file: Uint8Array,
  names: readonly string[],
  seed: number,
): Record<string, NumericTensor> | undefined {
  const known = new Map(readModel(file).inputs.map((input) => [input.name, input]));
  const draw = random(seed, "feeds");
  const feeds: Record<string, NumericTensor> = {};
  for (const name of names) {
    const { dtype, shape } = known.get(name) ?? {};
    const dims = shape?.map((dim) => (typeof dim === "number" ? dim : 2));
    if (!dtype || dtype === "string" || !dims || !(sizeOf(dims) <= MOST)) return undefined;
    const data = zeros(dtype, sizeOf(dims));
    for (let i = 0; i < data.length; i++) {
      const value = draw.below(5);
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
      else data[i] = dtype === "bool" ? value & 1 : value;
    }
    feeds[name] = { dtype, dims, data };
  }
  return feeds;
}
