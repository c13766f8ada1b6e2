import { UserError } from "../errors.ts";

/** A numeric array as NumPy saves it. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float32Array;
}

const MAGIC = "\x93NUMPY";

/** Readers by NumPy's type code, little endian, with the bytes of one element. */
const TYPES: Readonly<Record<string, { bytes: number; read: (view: DataView, offset: number) => number }>> = {
  "|u1": { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  "|i1": { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  "|b1": { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  "<i2": { bytes: 2, read: (view, offset) => view.getInt16(offset, true) },
  "<u2": { bytes: 2, read: (view, offset) => view.getUint16(offset, true) },
  "<i4": { bytes: 4, read: (view, offset) => view.getInt32(offset, true) },
  "<u4": { bytes: 4, read: (view, offset) => view.getUint32(offset, true) },
  "<i8": { bytes: 8, read: (view, offset) => Number(view.getBigInt64(offset, true)) },
  "<f4": { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  "<f8": { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
};

/**
 * Reads an .npy file (NumPy's format 1.0 to 3.0): numbers, little endian, in C order.
 * @param source how messages name the file
 * @throws UserError for another type or order, or a size that is not the declared one
 */
export function readNpy(bytes: Uint8Array, source: string): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || latin(0, 6) !== MAGIC)
    throw new UserError(`${source} is no .npy array: save it with numpy.save or numpy.savez.`);
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
  const size = shape.reduce((product, dim) => product * dim, 1);
  const { bytes: width, read } = TYPES[type];
  const body = start + length;
  if (size * width !== bytes.length - body) {
    throw new UserError(
      `${source} declares [${shape}] of ${type} and holds ${bytes.length - body} bytes: it is damaged, save it again.`,
    );
  }
  if (type === "|u1") return { shape, data: bytes.subarray(body) };
  return { shape, data: Float32Array.from({ length: size }, (_, i) => read(view, body + i * width)) };
}
