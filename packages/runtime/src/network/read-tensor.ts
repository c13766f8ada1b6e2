import { UnsupportedError, UserError } from "../errors.ts";
import type { CodedTensors } from "./coded.ts";
import { Constant } from "./constant.ts";
import { bytesOf, type ElementType, type Numbers, over, sizeOf, typeOf } from "./elements.ts";
import { bigWholesOf, type Field, fieldsOf, nameFrom, wholesOf } from "./protobuf.ts";

/** TensorProto.DataLocation. */
const EXTERNAL = 1;

/**
 * Reads a TensorProto. Field numbers are those of onnx.proto3.
 * @param coded the tensors whose bytes are coded beside the model
 * @throws UserError when it holds another number of elements than its shape has
 * @throws UnsupportedError when its elements are strings or the like, or lie in another file
 */
export function readTensor(message: Uint8Array, coded?: CodedTensors): { name: string; constant: Constant } {
  const dims: number[] = [];
  const typed: Field[] = [];
  let name = "";
  let code = 0;
  let location = 0;
  let raw: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    const { number, value, bytes } = field;
    if (number === 1) for (const dim of wholesOf(field)) dims.push(dim);
    else if (number === 2) code = value;
    else if (number === 8) name = nameFrom(bytes);
    else if (number === 9) raw = bytes;
    else if (number === 14) location = value;
    else if (TYPED.has(number)) typed.push(field);
  }
  if (location === EXTERNAL) {
    throw new UnsupportedError(
      `The tensor "${name}" lies in another file: put the weights into the model, or run it with ONNX Runtime.`,
    );
  }
  const type = typeOf(code);
  if (!type) {
    throw new UnsupportedError(
      `The tensor "${name}" has elements of the type ${code} of ONNX, which the runtime does not hold: run the network with ONNX Runtime.`,
    );
  }
  const count = sizeOf(dims);
  if (!(Number.isSafeInteger(count) && dims.every((dim) => dim >= 0))) throw damaged(name, dims, "no such number of");
  const beside = raw?.length === 0 ? coded?.find(message) : undefined;
  if (beside?.size === count * bytesOf(type)) return { name, constant: new Constant(type, dims, beside) };
  const bytes = raw ?? typedBytes(type, typed, count);
  if (bytes?.length !== count * bytesOf(type)) {
    throw damaged(name, dims, `${(bytes?.length ?? 0) / bytesOf(type)}`);
  }
  return { name, constant: new Constant(type, dims, elementsOver(type, bytes, count)) };
}

function damaged(name: string, dims: readonly number[], found: string): UserError {
  return new UserError(
    `The tensor "${name}" declares [${dims}] and holds ${found} elements: the model is damaged; export it again.`,
  );
}

/** float_data, int32_data, int64_data, double_data and uint64_data. */
const TYPED = new Set([4, 5, 7, 10, 11]);

/** The elements of typed fields as raw bytes; undefined where there are more than the shape has. */
function typedBytes(type: ElementType, fields: readonly Field[], count: number): Uint8Array | undefined {
  const bytes = new Uint8Array(count * bytesOf(type));
  const words = over(type, bytes.buffer, 0, count);
  let at = 0;
  for (const field of fields) {
    if (field.number === 4 || field.number === 10) {
      // Floats lie in fields as they do in raw bytes.
      if (at + field.bytes.length > bytes.length) return undefined;
      bytes.set(field.bytes, at);
      at += field.bytes.length;
      continue;
    }
    const wholes =
      words instanceof BigInt64Array || words instanceof BigUint64Array ? bigWholesOf(field) : wholesOf(field);
    if (at + wholes.length * bytesOf(type) > bytes.length) return undefined;
    for (const whole of wholes) {
      words[at / bytesOf(type)] = whole;
      at += bytesOf(type);
    }
  }
  return bytes.subarray(0, at);
}

/** Numbers of fewer bytes are copied at once: they should not hold the whole file. */
const SMALL = 2 ** 16;

function elementsOver<T extends ElementType>(type: T, bytes: Uint8Array, count: number): Numbers<T> {
  const aligned = bytes.byteOffset % bytesOf(type) === 0 && bytes.buffer instanceof ArrayBuffer;
  if (bytes.length >= SMALL && aligned) return over(type, bytes.buffer, bytes.byteOffset, count);
  return over(type, bytes.slice().buffer, 0, count);
}
