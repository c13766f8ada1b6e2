import { UserError } from "../errors.ts";

/** The arrays that hold a tensor's elements. float16 and bfloat16 are kept as their 16 bits, bool as 0 or 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface ElementType {
  /** TensorProto.DataType in the file. */
  readonly code: number;
  /** Bits of one element; types under 8 bits are packed, low half first. */
  readonly bits: number;
  readonly array: new (buffer: ArrayBufferLike, offset: number, length: number) => TensorData;
}

/** ONNX's element types by the names that ONNX Runtime gives them (strings apart: they hold no numbers). */
const elementTypes = {
  float32: { code: 1, bits: 32, array: Float32Array },
  uint8: { code: 2, bits: 8, array: Uint8Array },
  int8: { code: 3, bits: 8, array: Int8Array },
  uint16: { code: 4, bits: 16, array: Uint16Array },
  int16: { code: 5, bits: 16, array: Int16Array },
  int32: { code: 6, bits: 32, array: Int32Array },
  int64: { code: 7, bits: 64, array: BigInt64Array },
  bool: { code: 9, bits: 8, array: Uint8Array },
  float16: { code: 10, bits: 16, array: Uint16Array },
  float64: { code: 11, bits: 64, array: Float64Array },
  uint32: { code: 12, bits: 32, array: Uint32Array },
  uint64: { code: 13, bits: 64, array: BigUint64Array },
  complex64: { code: 14, bits: 64, array: BigUint64Array },
  bfloat16: { code: 16, bits: 16, array: Uint16Array },
  float8e4m3fn: { code: 17, bits: 8, array: Uint8Array },
  float8e4m3fnuz: { code: 18, bits: 8, array: Uint8Array },
  float8e5m2: { code: 19, bits: 8, array: Uint8Array },
  float8e5m2fnuz: { code: 20, bits: 8, array: Uint8Array },
  uint4: { code: 21, bits: 4, array: Uint8Array },
  int4: { code: 22, bits: 4, array: Uint8Array },
  float4e2m1: { code: 23, bits: 4, array: Uint8Array },
  float8e8m0: { code: 24, bits: 8, array: Uint8Array },
} as const satisfies Record<string, ElementType>;

/** The name of an element type that holds numbers, as ONNX Runtime spells it. */
export type NumericType = keyof typeof elementTypes;

/** Returns true if a text is the name of an element type that holds numbers. */
export function isNumericType(name: string): name is NumericType {
  return Object.hasOwn(elementTypes, name);
}

/** Returns true if a type's elements are whole numbers. */
export function isWhole(dtype: DType): boolean {
  return /^u?int\d+$/.test(dtype) || dtype === "bool";
}

/** The name of an element type. */
export type DType = NumericType | "string";

const STRING_CODE = 8;
const byCode = new Map<number, DType>([[STRING_CODE, "string"]]);
for (const [name, { code }] of Object.entries(elementTypes)) byCode.set(code, name as NumericType);

/**
 * The element type behind a TensorProto.DataType code.
 * @throws UserError for a code that ONNX does not define; `where` names the tensor or value.
 */
export function dtypeOf(code: number, where: string): DType {
  const dtype = byCode.get(code);
  if (dtype === undefined) {
    throw new UserError(
      `${where} has the unknown element type ${code}: export the model again with a type that ONNX defines.`,
    );
  }
  return dtype;
}

/** The TensorProto.DataType code of an element type, also the value of Cast's `to`. */
export function codeOf(dtype: DType): number {
  return dtype === "string" ? STRING_CODE : elementTypes[dtype].code;
}

/** Bytes that `count` elements take, packed as ONNX packs them. */
export function byteLength(dtype: NumericType, count: number): number {
  return Math.ceil((count * elementTypes[dtype].bits) / 8);
}

/** Looks at little-endian bytes as elements: a view where they are aligned in their buffer, a copy where not. */
export function viewBytes(dtype: NumericType, bytes: Uint8Array, count: number): TensorData {
  const { bits, array }: ElementType = elementTypes[dtype];
  // Not slice(): a Buffer of Node has its own, which does not copy.
  const aligned = bytes.byteOffset % Math.max(1, bits / 8) === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, bits < 8 ? byteLength(dtype, count) : count);
}

/** New elements, all zero. */
export function zeros(dtype: NumericType, count: number): TensorData {
  return viewBytes(dtype, new Uint8Array(byteLength(dtype, count)), count);
}
