/**
 * Which fields of ONNX's messages lead to tensors, by their numbers in onnx.proto. The writer of an .esp file takes the
 * bytes of tensors out and leaves their fields empty; here they are put back.
 */
const FIELDS = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
} as const satisfies Readonly<Record<string, Readonly<Record<number, string>>>>;

export type Kind = keyof typeof FIELDS;

/** Fields of a TensorProto. */
const DIMS = 1;
const DATA_TYPE = 2;
const NAME = 8;
export const RAW_DATA = 9;

/** Messages within messages: more than any real file has, and few enough for the stack. */
const DEEPEST = 64;

/** A field of a message. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** Where the field begins, and where what it holds begins and ends. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
  /** The value of a number. */
  readonly value: number;
}

/** The kind of the message in a field, where it leads to tensors. */
export function kindOf(kind: Kind, { number, wire }: Field): Kind | undefined {
  const fields: Readonly<Record<number, Kind>> = FIELDS[kind];
  return wire === 2 ? fields[number] : undefined;
}

/** A varint and where it ends. @throws RangeError when it is cut short */
export function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let scale = 1; at < bytes.length && scale <= 2 ** 63; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at };
  }
  throw new RangeError("a number that is cut short");
}

/** The fields of a message. @throws RangeError when the bytes are no message */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let start = 0, to = 0; start < bytes.length; start = to) {
    const tag = varintAt(bytes, start);
    const wire = tag.value % 8;
    const first = wire === 0 || wire === 2 ? varintAt(bytes, tag.end) : { value: 0, end: tag.end };
    const from = wire === 0 ? tag.end : first.end;
    to = first.end + (wire === 0 ? 0 : wire === 2 ? first.value : wire === 1 ? 8 : wire === 5 ? 4 : bytes.length);
    if (to > bytes.length) throw new RangeError("a field beyond its message");
    yield { number: Math.floor(tag.value / 8), wire, start, from, to, value: first.value };
  }
}

/** A number as protobuf writes it. */
export function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}

/** A tensor whose bytes are missing. */
export interface Hole {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly type: number;
  readonly dims: readonly number[];
}

/** A message as the pieces that it is made of: bytes, and holes in which the bytes of tensors go. */
export type Pieces = (Uint8Array | Hole)[];

/**
 * Looks for the holes of a graph: the raw data of tensors that are there and empty.
 * @param bytesOf how many bytes go into a hole
 * @returns the pieces, with the lengths around the holes as they are when these are filled
 */
export function piecesOf(bytes: Uint8Array, bytesOf: (hole: Hole) => number): Pieces {
  return rebuild(bytes, "model", bytesOf, 0).pieces;
}

interface Rebuilt {
  readonly pieces: Pieces;
  readonly size: number;
}

function rebuild(bytes: Uint8Array, kind: Kind, bytesOf: (hole: Hole) => number, depth: number): Rebuilt {
  if (depth > DEEPEST) throw new RangeError("messages within messages without end");
  const pieces: Pieces = [];
  let size = 0;
  let kept = 0;
  const add = (piece: Uint8Array | Hole, length: number) => {
    pieces.push(piece);
    size += length;
  };
  for (const field of fieldsOf(bytes)) {
    const inner = kindOf(kind, field);
    const hole = kind === "tensor" && field.number === RAW_DATA && field.from === field.to;
    if (!inner && !hole) continue;
    const missing = hole ? holeOf(bytes) : undefined;
    const content = bytes.subarray(field.from, field.to);
    const built = inner
      ? rebuild(content, inner, bytesOf, depth + 1)
      : missing && { pieces: [missing], size: bytesOf(missing) };
    if (!built || built.size === content.length) continue;
    // Up to the field and its tag, then the new length and content.
    const tag = varintOf(8 * field.number + field.wire);
    const before = bytes.subarray(kept, field.start);
    const length = varintOf(built.size);
    add(before, before.length);
    add(tag, tag.length);
    add(length, length.length);
    for (const piece of built.pieces) pieces.push(piece);
    size += built.size;
    kept = field.to;
  }
  const rest = bytes.subarray(kept);
  add(rest, rest.length);
  return { pieces, size };
}

/** What a TensorProto says of itself. */
export function holeOf(tensor: Uint8Array): Hole {
  const dims: number[] = [];
  let type = 0;
  let name = "";
  for (const field of fieldsOf(tensor)) {
    const content = tensor.subarray(field.from, field.to);
    if (field.number === DATA_TYPE) type = field.value;
    else if (field.number === NAME) name = new TextDecoder().decode(content);
    else if (field.number === DIMS && field.wire === 0) dims.push(field.value);
    else if (field.number === DIMS) {
      for (let at = 0; at < content.length; ) {
        const { value, end } = varintAt(content, at);
        dims.push(value);
        at = end;
      }
    }
  }
  return { name, type, dims };
}
