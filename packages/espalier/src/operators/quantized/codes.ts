import type { DType } from "../../onnx/dtype.ts";
import { type NumericTensor, sizeOf, type Tensor } from "../../onnx/tensor.ts";
import type { Packing } from "./facets.ts";

/** Element types that quantizers hold weights in, and the bits of a code. */
const BITS: Readonly<Partial<Record<DType, number>>> = {
  int4: 4,
  uint4: 4,
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
};

/** Weights as whole numbers. */
export interface Codes {
  /** The initializer that holds them. */
  readonly tensor: NumericTensor;
  /** The shape of the weights. */
  readonly dims: readonly number[];
  readonly bits: number;
  /** The codes that stand for 0: one, one for each place of the axis, or one for each block of it. */
  readonly zero: NumericTensor | undefined;
  readonly axis: number;
  /** Codes of a block along the axis; 0 where there are no blocks. */
  readonly block: number;
  /** Set where several lie in a byte, row by row, each row in whole blocks. */
  readonly packing?: Packing;
}

/** Returns true for a tensor that may hold codes. */
export function holdsCodes(tensor: Tensor | undefined): tensor is NumericTensor {
  return tensor !== undefined && BITS[tensor.dtype] !== undefined;
}

/** The bits of a code in a tensor that holds them one by one. */
export function bitsOf({ dtype }: NumericTensor): number {
  return BITS[dtype] ?? 8;
}

/** How many weights codes stand for. */
export function countCodes({ dims }: Codes): number {
  return sizeOf(dims);
}

/** How many of them are not 0. */
export function countNonzeroCodes(codes: Codes): number {
  return codes.packing ? nonzeroPacked(codes, codes.packing) : nonzeroPlain(codes);
}

function nonzeroPlain({ tensor, dims, zero, axis, block }: Codes): number {
  const at = reader(tensor);
  const zeroAt = zero && reader(zero);
  const count = sizeOf(dims);
  const place = zeroAt && placeOf(dims, sizeOf(zero.dims), axis, block);
  let nonzero = 0;
  for (let i = 0; i < count; i++) if (at(i) !== (zeroAt && place ? zeroAt(place(i)) : 0)) nonzero++;
  return nonzero;
}

/** Which of so many zeros is that of an element. */
function placeOf(dims: readonly number[], zeros: number, given: number, block: number): (i: number) => number {
  if (zeros <= 1) return () => 0;
  const axis = given < 0 ? given + dims.length : given;
  const inner = sizeOf(dims.slice(axis + 1));
  const length = dims[axis];
  if (block === 0) return (i) => Math.floor(i / inner) % length;
  const blocks = Math.ceil(length / block);
  return (i) =>
    (Math.floor(i / (inner * length)) * blocks + Math.floor((Math.floor(i / inner) % length) / block)) * inner +
    (i % inner);
}

/** Rows of whole blocks of bytes, and their zeros, each row of which begins a byte; without them half of the range. */
function nonzeroPacked({ tensor, dims: [rows, columns], zero }: Codes, { bits, block }: Packing): number {
  const blocks = Math.ceil(columns / block);
  const perByte = 8 / bits;
  const unpacked = ({ data }: NumericTensor, place: number) =>
    (Number(data[Math.floor(place / perByte)]) >> (bits * (place % perByte))) & (2 ** bits - 1);
  const zerosOfRow = Math.ceil(blocks / perByte) * perByte;
  // Zeros that are floats stand for what no code is exactly.
  const whole = zero?.dtype === "uint8" ? zero : undefined;
  let nonzero = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const which = Math.floor(column / block);
      const none = whole ? unpacked(whole, row * zerosOfRow + which) : 2 ** (bits - 1);
      if (zero && !whole) nonzero++;
      else if (unpacked(tensor, row * blocks * block + column) !== none) nonzero++;
    }
  }
  return nonzero;
}

/** Reads the elements of a tensor, of four bits the low half of a byte first. */
function reader({ dtype, data }: NumericTensor): (i: number) => number {
  if (BITS[dtype] !== 4) return (i) => Number(data[i]);
  const signed = dtype === "int4";
  return (i) => {
    const half = (Number(data[i >> 1]) >> (4 * (i & 1))) & 15;
    return signed && half > 7 ? half - 16 : half;
  };
}
