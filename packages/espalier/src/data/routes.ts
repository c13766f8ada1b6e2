import { UserError } from "../errors.ts";
import { type NumericType, type TensorData, zeros } from "../onnx/dtype.ts";
import { copyElements, sameElements } from "../onnx/elements.ts";
import { storedLike, toFloat32 } from "../onnx/half.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Arrays, Split, TensorSpec } from "./dataset.ts";

/** Where a tensor of a dataset goes: under which name and in which element type it is wanted. */
export interface Route {
  readonly from: TensorSpec;
  readonly to: Pick<TensorSpec, "name" | "dtype">;
}

/** Types of numbers with a point: among them, numbers are rounded. */
const FLOATS = new Set<NumericType>(["float32", "float64", "float16", "bfloat16"]);

/** Types whose elements are numbers as JavaScript holds them; halves and packed types are bits. */
const CONVERTIBLE = new Set<NumericType>([
  ...FLOATS,
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
  return from === to || (CONVERTIBLE.has(from) && CONVERTIBLE.has(to));
}

/** Returns true if numbers of one type are rounded in another, and not refused where they have no equal there. */
export function rounds(from: NumericType, to: NumericType): boolean {
  return from !== to && FLOATS.has(from) && FLOATS.has(to);
}

/**
 * A split with its tensors under other names and in other types. Those that keep their type are read straight into the
 * arrays that are given; the others are converted: numbers with a point are rounded to another such type, all else must
 * have its equal.
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
      const values = numbersOf(from.dtype, data);
      const converted = numbersIn(to.dtype, values);
      copyElements(converted, 0, converted.length, target, 0);
      if (rounds(from.dtype, to.dtype) || sameElements(values, numbersOf(to.dtype, converted))) return;
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

/** The numbers that elements stand for: of halves as float32. */
function numbersOf(dtype: NumericType, data: TensorData): TensorData {
  return FLOATS.has(dtype) && dtype !== "float64"
    ? (toFloat32({ dtype, dims: [data.length], data })?.data ?? data)
    : data;
}

/** Numbers as elements of a type: halves are rounded, bits are 1 for all that is not 0. */
function numbersIn(dtype: NumericType, values: TensorData): TensorData {
  const dims = [values.length];
  if (dtype === "float16" || dtype === "bfloat16") {
    const original = { dtype, dims, data: zeros(dtype, 0) };
    return storedLike(original, float32(dims, Float32Array.from<number | bigint>(values, Number))).data;
  }
  const converted = zeros(dtype, values.length);
  if (dtype === "bool") for (let i = 0; i < values.length; i++) converted[i] = Number(values[i]) === 0 ? 0 : 1;
  else copyElements(values, 0, values.length, converted, 0);
  return converted;
}
