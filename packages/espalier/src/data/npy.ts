import { UserError } from "../errors.ts";
import { byteLength, type NumericType, type TensorData, viewBytes, zeros } from "../onnx/dtype.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";

const MAGIC = "\x93NUMPY";

/** The element types by NumPy's type code, little endian. */
const TYPES: ReadonlyMap<string, NumericType> = new Map([
  ["|u1", "uint8"],
  ["|i1", "int8"],
  ["|b1", "bool"],
  ["<i2", "int16"],
  ["<u2", "uint16"],
  ["<i4", "int32"],
  ["<u4", "uint32"],
  ["<i8", "int64"],
  ["<u8", "uint64"],
  ["<f2", "float16"],
  ["<f4", "float32"],
  ["<f8", "float64"],
]);

/** NumPy's own limit of dimensions. */
const MOST_DIMENSIONS = 64;

/**
 * Reads an .npy file (NumPy's format 1.0 to 3.0): numbers, little endian, in C or Fortran order. The elements are in C
 * order, a view of the bytes where these are in it and aligned.
 * @param source how messages name the file
 * @throws UserError for another type, or a size that is not the declared one
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
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dtype = TYPES.get(type);
  if (!dtype || dims === undefined || order === undefined) {
    throw new UserError(`${source} has the type ${type}, which is not read: save numbers, such as float32 or uint8.`);
  }
  const shape = dims.split(",").flatMap((dim) => (dim.trim() === "" ? [] : [Number(dim)]));
  const body = start + length;
  if (shape.length > MOST_DIMENSIONS || byteLength(dtype, sizeOf(shape)) !== bytes.length - body) {
    throw new UserError(
      `${source} declares [${shape}] of ${type} and holds ${bytes.length - body} bytes: it is damaged, save it again.`,
    );
  }
  const data = viewBytes(dtype, bytes.subarray(body), sizeOf(shape));
  return { dtype, dims: shape, data: order === "True" ? inRows(dtype, data, shape) : data };
}

/** Elements whose first axis is the fastest, in the order in which the last one is. */
function inRows(dtype: NumericType, data: TensorData, shape: readonly number[]): TensorData {
  if (shape.length < 2) return data;
  const width = data.BYTES_PER_ELEMENT;
  const rows = zeros(dtype, data.length);
  const [from, to] = [data, rows].map((each) => new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
  const strides = shape.map((_, axis) => width * sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let place = 0;
  for (let at = 0; at < to.length; at += width) {
    for (let byte = 0; byte < width; byte++) to[at + byte] = from[place + byte];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return rows;
}
