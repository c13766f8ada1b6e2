import type { Heap } from "../kernels/heap.ts";

/** The array that holds the elements of each type. A bool is 0 or 1; a float16 is its bits. */
export interface Arrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

/** The type of the elements of a tensor. */
export type ElementType = keyof Arrays;

/** The elements of a tensor. */
export type Numbers<T extends ElementType = ElementType> = Arrays[T];

/** An array over memory that is there. */
type View<T extends ElementType> = new (buffer: ArrayBuffer, at: number, count: number) => Arrays[T];

interface Kind<T extends ElementType> {
  /** TensorProto.DataType in ONNX. */
  readonly code: number;
  readonly bytes: number;
  readonly Array: View<T>;
}

const KINDS: { readonly [T in ElementType]: Kind<T> } = {
  float32: { code: 1, bytes: 4, Array: Float32Array },
  float64: { code: 11, bytes: 8, Array: Float64Array },
  float16: { code: 10, bytes: 2, Array: Uint16Array },
  int8: { code: 3, bytes: 1, Array: Int8Array },
  int16: { code: 5, bytes: 2, Array: Int16Array },
  int32: { code: 6, bytes: 4, Array: Int32Array },
  int64: { code: 7, bytes: 8, Array: BigInt64Array },
  uint8: { code: 2, bytes: 1, Array: Uint8Array },
  uint16: { code: 4, bytes: 2, Array: Uint16Array },
  uint32: { code: 12, bytes: 4, Array: Uint32Array },
  uint64: { code: 13, bytes: 8, Array: BigUint64Array },
  bool: { code: 9, bytes: 1, Array: Uint8Array },
};

/** All element types. */
export const TYPES = Object.keys(KINDS) as readonly ElementType[];

/** The element type of a code of ONNX; undefined for strings, complex numbers and what is newer. */
export function typeOf(code: number): ElementType | undefined {
  return TYPES.find((type) => KINDS[type].code === code);
}

/** Bytes of an element. */
export function bytesOf(type: ElementType): number {
  return KINDS[type].bytes;
}

/** Elements over a stretch of a buffer. */
export function over<T extends ElementType>(type: T, buffer: ArrayBuffer, at: number, count: number): Numbers<T> {
  return new KINDS[type].Array(buffer, at, count);
}

/** New elements, all zero. */
export function zeros<T extends ElementType>(type: T, count: number): Numbers<T> {
  return over(type, new ArrayBuffer(count * bytesOf(type)), 0, count);
}

/** Elements in the memory of the kernels. */
export function inHeap<T extends ElementType>(heap: Heap, type: T, at: number, count: number): Numbers<T> {
  return over(type, heap.buffer, at, count);
}

/** True if an array is the one that holds elements of a type. */
export function holds(type: ElementType, data: Numbers): boolean {
  return data instanceof KINDS[type].Array;
}

/** Copies elements of one type. */
export function copy(from: Numbers, to: Numbers): void {
  bytesUnder(to).set(bytesUnder(from));
}

/** The bytes that an array lies on. */
export function bytesUnder(data: Numbers): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The product of lengths: how many elements a shape has. */
export const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
