import { codeNumber } from "./bit-coder.ts";
import { CHECKSUM, checkedContent, damaged, PREFIX, readHeader, readPrefix } from "./container.ts";
import { wordsOf } from "./element-type.ts";
import { type Hole, type Pieces, piecesOf } from "./graph.ts";
import { RangeDecoder } from "./range-decoder.ts";
import { decodeTensor, Neighbours } from "./tensor.ts";
import { codeText } from "./text.ts";

/** A graph of more bytes than this is stored as it is. */
export const LONGEST_TEXT = 2 ** 20;

/** How messages name a file that has no name. */
export const NAMELESS = "The file";

export interface DecodingOptions {
  /** How messages name the file. */
  readonly source?: string;
  /** Bytes of the whole file, where known. */
  readonly size?: number;
  /** Is told the bytes of the whole file as soon as they are known. */
  onHeader?(bytes: number): void;
}

/**
 * Decodes a file step by step: yields how many bytes it needs next, and is given them.
 * @returns the ONNX file
 * @throws UserError when the file is damaged, newer, or claims to hold more than is believed
 */
export function* decoding({
  source = NAMELESS,
  size,
  onHeader,
}: DecodingOptions): Generator<number, Uint8Array<ArrayBuffer>, Uint8Array> {
  const prefix = yield PREFIX;
  const length = readPrefix(prefix, source);
  const { decoded, sections, bytes } = readHeader(prefix, yield length + CHECKSUM, source, size);
  onHeader?.(bytes);
  const graph = checkedContent(yield sections[0] + CHECKSUM, source);
  try {
    const tensors = sections.slice(1);
    const pieces = piecesOf(decodeGraph(graph), (hole) => typeOf(hole).bytes);
    const holes = pieces.filter(isHole);
    const total = pieces.reduce(
      (sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : typeOf(piece).bytes),
      0,
    );
    if (holes.length !== tensors.length || total !== decoded)
      throw new RangeError("another graph than the header says");
    const file = new Uint8Array(total);
    const neighbours = new Neighbours();
    let at = 0;
    let next = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        file.set(piece, at);
        at += piece.length;
      } else {
        const stream = checkedContent(yield tensors[next++] + CHECKSUM, source);
        const type = typeOf(piece);
        decodeTensor(stream, type, neighbours, file.subarray(at, at + type.bytes));
        at += type.bytes;
      }
    }
    return file;
  } catch (error) {
    if (error instanceof RangeError) throw damaged(source, error.message);
    throw error;
  }
}

/** Decodes a whole file. {@link decoding} */
export function decode(bytes: Uint8Array, source = NAMELESS): Uint8Array<ArrayBuffer> {
  const steps = decoding({ source, size: bytes.length });
  let at = 0;
  let step = steps.next();
  while (!step.done) {
    const end = at + step.value;
    if (end > bytes.length) throw damaged(source, "it is cut short");
    step = steps.next(bytes.subarray(at, end));
    at = end;
  }
  return step.value;
}

/** What a file holds, in bytes: of the graph, and of each tensor that is coded beside it. */
export interface Contents {
  /** Bytes of the ONNX file. */
  readonly decoded: number;
  readonly graph: number;
  readonly tensors: readonly { readonly name: string; readonly bytes: number; readonly decoded: number }[];
}

/**
 * Tells where the bytes of a file go, without decoding its tensors.
 * @throws UserError when the file is damaged or newer
 */
export function contentsOf(bytes: Uint8Array, source = NAMELESS): Contents {
  const prefix = bytes.subarray(0, PREFIX);
  if (bytes.length < PREFIX) throw damaged(source, "it is cut short");
  const length = readPrefix(prefix, source);
  const start = PREFIX + length + CHECKSUM;
  if (bytes.length < start) throw damaged(source, "it is cut short");
  const { decoded, sections } = readHeader(prefix, bytes.subarray(PREFIX, start), source, bytes.length);
  try {
    const graph = decodeGraph(checkedContent(bytes.subarray(start, start + sections[0] + CHECKSUM), source));
    const holes = piecesOf(graph, (hole) => typeOf(hole).bytes).filter(isHole);
    const tensors = holes.map((hole, i) => ({ name: hole.name, bytes: sections[i + 1], decoded: typeOf(hole).bytes }));
    return { decoded, graph: sections[0], tensors };
  } catch (error) {
    if (error instanceof RangeError) throw damaged(source, error.message);
    throw error;
  }
}

function isHole(piece: Pieces[number]): piece is Hole {
  return !(piece instanceof Uint8Array);
}

function typeOf({ name, type, dims }: Hole) {
  const words = wordsOf(type, dims);
  if (!words) throw new RangeError(`the tensor "${name}" is of an unknown type`);
  return words;
}

/** Decodes the graph section: the file without the bytes of its tensors. */
function decodeGraph(section: Uint8Array): Uint8Array {
  const coder = new RangeDecoder(section);
  const stored = coder.raw(0, 1) === 1;
  const length = codeNumber(coder, 0);
  if (stored) {
    if (length > section.length) throw new RangeError("a graph that is cut short");
    return section.subarray(section.length - length);
  }
  if (length > LONGEST_TEXT) throw new RangeError("a graph without end");
  const text = new Uint8Array(length);
  codeText(coder, text);
  return text;
}
