import { storedLike, toFloat32 } from "../half.ts";
import { float32, type NumericTensor, type Tensor } from "../tensor.ts";

/** The numbers of a tensor of any floating type, none of them rounded; undefined for other types. */
export function numbersOf(tensor: Tensor | undefined): Float64Array | undefined {
  if (tensor === undefined || tensor.dtype === "string") return undefined;
  if (tensor.dtype === "float64") return Float64Array.from(tensor.data as Float64Array);
  const floats = toFloat32(tensor);
  return floats && Float64Array.from(floats.data);
}

/** Numbers in a floating type, rounded once; undefined where they are beyond what it can hold. */
export function inType(
  dtype: NumericTensor["dtype"],
  dims: readonly number[],
  numbers: Float64Array,
): NumericTensor | undefined {
  if (dtype === "float64") return numbers.every(Number.isFinite) ? { dtype, dims, data: numbers } : undefined;
  const rounded = storedLike({ dtype, dims, data: new Uint16Array() }, float32(dims, Float32Array.from(numbers)));
  const most = dtype === "float16" ? 65504 : 3e38;
  return numbers.every((x) => Math.abs(x) <= most) ? rounded : undefined;
}
