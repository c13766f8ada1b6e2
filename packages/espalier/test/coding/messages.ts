import { varintOf } from "../../../runtime/src/codec/messages.ts";
import { concat } from "../../src/coding/split.ts";

/** Protobuf by hand, as bytes that no library would write are wanted too. */

/** A field of a message: a number, or bytes with their length. */
export function field(number: number, content: number | Uint8Array | string): Uint8Array {
  if (typeof content === "number") return concat([varintOf(8 * number), varintOf(content)]);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return concat([varintOf(8 * number + 2), varintOf(bytes.length), bytes]);
}

export interface TensorFields {
  readonly name?: string;
  /** TensorProto.DataType. */
  readonly type?: number;
  readonly dims: readonly number[];
  readonly raw?: Uint8Array;
}

/** A TensorProto. */
export function tensor({ name = "w", type = 1, dims, raw }: TensorFields): Uint8Array {
  const shape = field(1, concat(dims.map(varintOf)));
  return concat([shape, field(2, type), field(8, name), ...(raw ? [field(9, raw)] : [])]);
}

/** A GraphProto that has these tensors as initializers. */
export function graph(...tensors: readonly Uint8Array[]): Uint8Array {
  return concat([field(2, "g"), ...tensors.map((each) => field(5, each))]);
}

/** A ModelProto around a GraphProto. */
export function model(graph: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array {
  return concat([field(1, 10), field(7, graph), ...more, field(8, field(2, 21))]);
}

/** A model that has these tensors as initializers. */
export function modelOf(...tensors: readonly TensorFields[]): Uint8Array {
  return model(graph(...tensors.map(tensor)));
}

/** The bytes of an array, little endian. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
