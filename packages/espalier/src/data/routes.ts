import { UserError } from "../errors.ts";
import { type NumericType, type TensorData, zeros } from "../onnx/dtype.ts";
import { copyElements, sameElements } from "../onnx/elements.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { Arrays, Split, TensorSpec } from "./dataset.ts";

/** Where a tensor of a dataset goes: under which name and in which element type it is wanted. */
export interface Route {
  readonly from: TensorSpec;
  readonly to: Pick<TensorSpec, "name" | "dtype">;
}

/** Types whose elements are numbers as JavaScript holds them; halves and packed types are bits. */
const CONVERTIBLE = new Set<NumericType>([
  "float32",
  "float64",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "bool",
]);

/** Returns true if elements of one type can be tried in another: each must have its equal there. */
export function convertible(from: NumericType, to: NumericType): boolean {
  return from === to || (CONVERTIBLE.has(from) && CONVERTIBLE.has(to) && to !== "bool");
}

/**
 * A split with its tensors under other names and in other types. Those that keep their type are read straight into the
 * arrays that are given; the others are converted, which only works where nothing is lost.
 */
export function routed(split: Split, routes: readonly Route[]): Split {
  return {
    ...split,
    read(indices, into) {
      const { arrays, convert } = staged(routes, into, indices.length);
      const read = split.read(indices, arrays);
      if (!convert) return read;
      return read ? read.then(convert) : convert();
    },
  };
}

function staged(routes: readonly Route[], into: Arrays, samples: number) {
  const arrays: Record<string, TensorData> = {};
  const conversions: (() => void)[] = [];
  for (const { from, to } of routes) {
    const target = into[to.name];
    if (!target) continue;
    if (from.dtype === to.dtype) {
      arrays[from.name] = target;
      continue;
    }
    const data = zeros(from.dtype, samples * sizeOf(from.shape));
    arrays[from.name] = data;
    conversions.push(() => {
      copyElements(data, 0, data.length, target, 0);
      if (sameElements(data, target.subarray(0, data.length))) return;
      throw new UserError(
        `"${from.name}" has ${from.dtype} elements that are not ${to.dtype}, which "${to.name}" takes: save them as ${to.dtype}.`,
      );
    });
  }
  if (conversions.length === 0) return { arrays };
  const convert = () => {
    for (const conversion of conversions) conversion();
  };
  return { arrays, convert };
}
