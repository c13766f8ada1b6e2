import { UserError } from "../errors.ts";
import { byteLength, type NumericType, viewBytes } from "../onnx/dtype.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";

const MAGIC = "\x93NUMPY";

/** The element types by NumPy's type code, little endian. */
const TYPES: Readonly<Record<string, NumericType>> = {
  "|u1": "uint8",
  "|i1": "int8",
  "|b1": "bool",
  "<i2": "int16",
  "<u2": "uint16",
  "<i4": "int32",
  "<u4": "uint32",
  "<i8": "int64",
  "<u8": "uint64",
  "<f2": "float16",
  "<f4": "float32",
  "<f8": "float64",
};

/**
 * Reads an .npy file (NumPy's format 1.0 to 3.0): numbers, little endian, in C order. The elements are a
 * view of the bytes where these are aligned.
 * @param source how messages name the file
 * @throws UserError for another type or order, or a size that is not the declared one
 */
export function readNpy(bytes: Uint8Array, source: string): NumericTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || latin(0, 6) !== MAGIC)
    throw new UserError(`${source} is not an .npy array: save it with numpy.save or numpy.savez.`);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > 65_536 || start + length > bytes.length)
    throw new UserError(`${source} ends within its header: save it again.`);
  const header = latin(start, start + length);
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "?";
  const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (!(type in TYPES) || dims === undefined || !/'fortran_order':\s*False/.test(header)) {
    throw new UserError(
      `${source} has the type ${type} or an order that is not read: save numbers in C order, such as float32 or uint8.`,
    );
  }
  const shape = dims.split(",").flatMap((dim) => (dim.trim() === "" ? [] : [Number(dim)]));
  const dtype = TYPES[type];
  const body = start + length;
  if (byteLength(dtype, sizeOf(shape)) !== bytes.length - body) {
    throw new UserError(
      `${source} declares [${shape}] of ${type} and holds ${bytes.length - body} bytes: it is damaged, save it again.`,
    );
  }
  return { dtype, dims: shape, data: viewBytes(dtype, bytes.subarray(body), sizeOf(shape)) };
}
