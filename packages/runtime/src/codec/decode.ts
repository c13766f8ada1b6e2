import { codeNumber } from "./bit-coder.ts";
import {
  CHECKSUM,
  checkedContent,
  damaged,
  explained,
  mostDecoded,
  PREFIX,
  readHeader,
  readPrefix,
} from "./container.ts";
import { type DecodeFurther, decodeTensor, Neighbours } from "./context-tensor.ts";
import { Damage } from "./damage.ts";
import { type CodedType, wordsOf } from "./element-type.ts";
import { piecesOf } from "./messages.ts";
import { RangeDecoder } from "./range-decoder.ts";
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
  /** Decodes tensors of version 2; is asked for when the graph has come. */
  further?(): DecodeFurther | undefined;
  /** Is told the bytes of the whole file as soon as they are known. */
  onHeader?(bytes: number): void;
}

/**
 * Decodes a file step by step: yields how many bytes it needs next, and is given them.
 *
 * Memory is not taken before bytes have come that may decode to so much, whatever the header says.
 * @returns the ONNX file
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function* decoding({
  source = NAMELESS,
  size,
  further,
  onHeader,
}: DecodingOptions): Generator<number, Uint8Array<ArrayBuffer>, Uint8Array> {
  try {
    const prefix = yield PREFIX;
    const length = readPrefix(prefix, source);
    const { decoded, sections, bytes } = readHeader(prefix, yield length + CHECKSUM, source, size);
    onHeader?.(bytes);
    let come = PREFIX + length + CHECKSUM;
    let asked = 0;
    const next = function* (): Generator<number, Uint8Array, Uint8Array> {
      const section = yield sections[asked++] + CHECKSUM;
      come += section.length;
      return checkedContent(section, source);
    };
    const pieces = piecesIn(decodeGraph(yield* next()), decoded, sections.length - 1, prefix[4]);
    const early: Uint8Array[] = [];
    while (decoded > mostDecoded(come)) early.push(yield* next());
    const file = new Uint8Array(decoded);
    const neighbours = new Neighbours(further?.());
    let at = 0;
    let tensor = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        file.set(piece, at);
        at += piece.length;
      } else {
        const stream = early[tensor++] ?? (yield* next());
        decodeTensor(stream, piece, neighbours, file.subarray(at, at + piece.bytes));
        at += piece.bytes;
      }
    }
    return file;
  } catch (error) {
    throw explained(error, source);
  }
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
  const { decoded, section, tensors } = partsOf(bytes, source);
  const told = tensors.map(({ type, stream }) => ({ name: type.name, bytes: stream.length, decoded: type.bytes }));
  return { decoded, graph: section.length, tensors: told };
}

/** A tensor that is coded beside the graph. */
interface Coded extends CodedType {
  readonly name: string;
  /** Where its message begins in the graph. */
  readonly at: number;
}

/** A file taken apart: the graph with tensors that are left empty, and the streams that they are coded in. */
export interface Parts {
  /** Bytes of the ONNX file. */
  readonly decoded: number;
  /** What the graph is coded in. */
  readonly section: Uint8Array;
  readonly graph: Uint8Array;
  /** In the order in which they are decoded. */
  readonly tensors: readonly { readonly type: Coded; readonly stream: Uint8Array }[];
}

/**
 * Takes a file apart without decoding its tensors; all checksums fit.
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function partsOf(bytes: Uint8Array, source = NAMELESS): Parts {
  let at = 0;
  const take = (count: number) => {
    if (count > bytes.length - at) throw damaged(source, "it is cut short");
    at += count;
    return bytes.subarray(at - count, at);
  };
  try {
    const prefix = take(PREFIX);
    const length = readPrefix(prefix, source);
    const { decoded, sections } = readHeader(prefix, take(length + CHECKSUM), source, bytes.length);
    const [section, ...streams] = sections.map((size) => checkedContent(take(size + CHECKSUM), source));
    const graph = decodeGraph(section);
    const holes = piecesIn(graph, decoded, streams.length, prefix[4]).filter(isCoded);
    const tensors = holes.map((type, i) => ({ type, stream: streams[i] }));
    return { decoded, section, graph, tensors };
  } catch (error) {
    throw explained(error, source);
  }
}

function isCoded(piece: Uint8Array | Coded): piece is Coded {
  return !(piece instanceof Uint8Array);
}

/**
 * Finds the holes for tensors in a graph. Where no tensor is coded beside the graph it is the file itself, whatever it
 * holds.
 */
function piecesIn(
  graph: Uint8Array,
  decoded: number,
  tensors: number,
  version: number,
): readonly (Uint8Array | Coded)[] {
  const pieces =
    tensors === 0
      ? [graph]
      : piecesOf(
          graph,
          (head, at): Coded | undefined => {
            const words = wordsOf(head);
            return words && { ...words, name: head.name, at, version };
          },
          tensors,
        );
  let total = 0;
  let holes = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) total += piece.length;
    else {
      total += piece.bytes;
      holes++;
    }
  }
  if (holes !== tensors || total !== decoded) throw new Damage("another graph than the header says");
  return pieces;
}

function decodeGraph(section: Uint8Array): Uint8Array {
  const coder = new RangeDecoder(section);
  const stored = coder.raw(0, 1) === 1;
  const length = codeNumber(coder, 0);
  if (stored) {
    if (length > section.length) throw new Damage("a graph that is cut short");
    return section.subarray(section.length - length);
  }
  if (length > LONGEST_TEXT) throw new Damage("a graph without end");
  const text = new Uint8Array(length);
  codeText(coder, text);
  return text;
}
