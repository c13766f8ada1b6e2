import { Damage } from "./damage.ts";

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
export const DEEPEST = 64;

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

/** A varint and where it ends. @throws Damage when it is cut short, or has more than 10 bytes */
export function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let scale = 1; at < bytes.length && scale <= 2 ** 63; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at };
  }
  throw new Damage("a number that is cut short");
}

/** The fields of a message. @throws Damage when the bytes are not a message */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let start = 0, to = 0; start < bytes.length; start = to) {
    const tag = varintAt(bytes, start);
    const wire = tag.value % 8;
    const first = wire === 0 || wire === 2 ? varintAt(bytes, tag.end) : { value: 0, end: tag.end };
    const from = wire === 0 ? tag.end : first.end;
    to = first.end + (wire === 0 ? 0 : wire === 2 ? first.value : wire === 1 ? 8 : wire === 5 ? 4 : bytes.length);
    if (to > bytes.length) throw new Damage("a field beyond its message");
    yield { number: Math.floor(tag.value / 8), wire, start, from, to, value: first.value };
  }
}

/** A number as protobuf writes it. */
export function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}

/** What a TensorProto says of its data. */
export interface TensorHead {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly type: number;
  readonly dims: readonly number[];
}

/** What goes into a hole. */
export interface Missing {
  readonly bytes: number;
}

/**
 * Looks for the holes of a graph: the raw data of tensors that are there and empty.
 * @param missingIn what is missing in a tensor that begins at a byte; undefined where it is empty as it should be
 * @param most how many holes there may be
 * @returns the pieces that the file is made of: bytes, with the lengths around the holes as they are when these are
 * filled, and for each hole what `missingIn` said
 * @throws Damage when the bytes are not a message, or have more holes
 */
export function piecesOf<M extends Missing>(
  bytes: Uint8Array,
  missingIn: (tensor: TensorHead, at: number) => M | undefined,
  most: number,
): readonly (Uint8Array | M)[] {
  return rebuild(bytes, "model", 0, new Holes((head, at) => missingIn(head, at - bytes.byteOffset), most)).pieces;
}

interface Rebuilt<M> {
  readonly pieces: readonly (Uint8Array | M)[];
  readonly size: number;
}

class Holes<M extends Missing> {
  readonly #missingIn: (tensor: TensorHead, at: number) => M | undefined;
  #left: number;

  constructor(missingIn: (tensor: TensorHead, at: number) => M | undefined, most: number) {
    this.#missingIn = missingIn;
    this.#left = most;
  }

  in(tensor: Uint8Array): Rebuilt<M> {
    const missing = this.#missingIn(headOf(tensor), tensor.byteOffset);
    return missing ? { pieces: [missing], size: missing.bytes } : { pieces: [], size: 0 };
  }

  count(): void {
    if (--this.#left < 0) throw new Damage("more holes in its graph than tensors");
  }
}

function rebuild<M extends Missing>(bytes: Uint8Array, kind: Kind, depth: number, holes: Holes<M>): Rebuilt<M> {
  if (depth > DEEPEST) throw new Damage("messages within messages without end");
  const pieces: (Uint8Array | M)[] = [];
  let size = 0;
  let kept = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    size += piece.length;
  };
  // A tensor is asked once, however many empty fields it has.
  let hole: Rebuilt<M> | undefined;
  for (const field of fieldsOf(bytes)) {
    const inner = kindOf(kind, field);
    const empty = kind === "tensor" && field.number === RAW_DATA && field.from === field.to;
    if (!inner && !empty) continue;
    const content = bytes.subarray(field.from, field.to);
    if (empty) hole ??= holes.in(bytes);
    const built = inner ? rebuild(content, inner, depth + 1, holes) : hole;
    if (!built || built.size === content.length) continue;
    if (empty) holes.count();
    // Up to the field and its tag, then the new length and content.
    add(bytes.subarray(kept, field.start));
    add(varintOf(8 * field.number + field.wire));
    add(varintOf(built.size));
    for (const piece of built.pieces) pieces.push(piece);
    size += built.size;
    kept = field.to;
  }
  add(bytes.subarray(kept));
  return { pieces, size };
}

/** What a TensorProto says of its data. */
export function headOf(tensor: Uint8Array): TensorHead {
  const dims: number[] = [];
  let type = 0;
  let name = "";
  for (const field of fieldsOf(tensor)) {
    const content = tensor.subarray(field.from, field.to);
    if (field.wire === 0) {
      if (field.number === DATA_TYPE) type = field.value;
      else if (field.number === DIMS) dims.push(field.value);
    } else if (field.wire !== 2) continue;
    else if (field.number === NAME) name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
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
