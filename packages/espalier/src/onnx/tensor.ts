import { byteLength, type DType, type NumericType, type TensorData, zeros } from "./dtype.ts";

/** A dense array of numbers: `data` holds the elements in row-major order of `dims`. */
export interface NumericTensor {
  readonly dtype: NumericType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A dense array of strings. */
export interface StringTensor {
  readonly dtype: "string";
  readonly dims: readonly number[];
  readonly data: readonly Uint8Array[];
}

/** A tensor of numbers or of strings. */
export type Tensor = NumericTensor | StringTensor;

/** A tensor of float32, the type of every trained parameter. */
export interface FloatTensor extends NumericTensor {
  readonly dtype: "float32";
  readonly data: Float32Array;
}

/** The element type and the shape of a value whose shape is fully known. */
export interface TensorType {
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** How many elements a shape holds. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes that a tensor's elements take. */
export function bytesOf(tensor: NumericTensor): number {
  return byteLength(tensor.dtype, sizeOf(tensor.dims));
}

/** Bytes that the numbers of some tensors take together; what strings take is left out. */
export function bytesOfAll(tensors: Iterable<Tensor>): number {
  let bytes = 0;
  for (const tensor of tensors) if (tensor.dtype !== "string") bytes += bytesOf(tensor);
  return bytes;
}

/** A float32 tensor over the given elements, zeros where none are given. */
export function float32(dims: readonly number[], data: Float32Array = new Float32Array(sizeOf(dims))): FloatTensor {
  return { dtype: "float32", dims, data };
}

/** A whole number as an int64: 2^63 - 1, "to the end", is 2^63 as a number, which would wrap to the lowest. */
export function int64Of(value: number): bigint {
  return value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

/** A one-dimensional int64 tensor, the form of shapes, axes and pads. */
export function int64s(values: readonly number[]): NumericTensor {
  return { dtype: "int64", dims: [values.length], data: BigInt64Array.from(values, int64Of) };
}

/** A tensor of one number and no dimensions. */
export function scalar(dtype: "float32" | "float64" | "int64" | "int32" | "bool", value: number): NumericTensor {
  const data = zeros(dtype, 1);
  if (data instanceof BigInt64Array) data[0] = int64Of(value);
  else data[0] = value;
  return { dtype, dims: [], data };
}

/** Returns true if a tensor holds float32 numbers. */
export function isFloat32(tensor: Tensor | undefined): tensor is FloatTensor {
  return tensor?.dtype === "float32";
}

/**
 * The elements of a float32 tensor, such as an output that a graph of ours makes.
 * @throws Error for another element type, a fault of whoever made the graph
 */
export function floatsOf(tensor: NumericTensor): Float32Array {
  if (isFloat32(tensor)) return tensor.data;
  throw new Error(`A tensor ${tensor.dtype}[${tensor.dims}] stands where float32 belongs.`);
}

/** A tensor with elements of its own, equal to the given one's. */
export function copyOf(tensor: FloatTensor): FloatTensor {
  return float32(tensor.dims, tensor.data.slice());
}

/** The elements of an integer tensor as numbers. */
export function integers(tensor: NumericTensor): number[] {
  return Array.from<number | bigint, number>(tensor.data, Number);
}
