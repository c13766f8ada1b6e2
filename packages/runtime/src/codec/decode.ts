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
import { decodeTensor, type Later, Neighbours, type OpenBundle, storeIn } from "./context-tensor.ts";
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
  /** What decodes later versions than the first; is asked for when the graph has come. */
  later?(): Later | undefined;
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
  later,
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
    const opened = openGraph(yield* next(), decoded, sections.length - 1, prefix[4], later?.());
    const bundled = opened.holds.values();
    const early: Uint8Array[] = [];
    while (decoded > mostDecoded(come)) early.push(yield* next());
    const file = new Uint8Array(decoded);
    const neighbours = new Neighbours(opened.later);
    let at = 0;
    let tensor = 0;
    for (const piece of opened.pieces) {
      if (piece instanceof Uint8Array) {
        file.set(piece, at);
        at += piece.length;
      } else if (opened.bundle && bundled.next().value) {
        opened.bundle.decodeNext(piece, storeIn(file.subarray(at, at + piece.bytes), piece.width));
        at += piece.bytes;
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

/**
 * Decodes a whole file.
 * @param later what decodes later versions than the first, where the file is of one
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function decodeWhole(bytes: Uint8Array, later: Later | undefined, source = NAMELESS): Uint8Array<ArrayBuffer> {
  const steps = decoding({ source, size: bytes.length, later: () => later });
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
 * Tells where the bytes of a file go; of its tensors it decodes only those that are coded together.
 * @throws UserError when the file is damaged or newer
 */
export function contentsOf(bytes: Uint8Array, later: Later | undefined, source = NAMELESS): Contents {
  const { decoded, graphBytes, tensors } = partsOf(bytes, later, source);
  const told = tensors.map(({ type, coded }) => ({ name: type.name, bytes: coded, decoded: type.bytes }));
  return { decoded, graph: graphBytes, tensors: told };
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
  /** Bytes that the graph is coded in. */
  readonly graphBytes: number;
  readonly graph: Uint8Array;
  /** In the order in which they are decoded; those of a bundle are stored. */
  readonly tensors: readonly Part[];
}

interface Part {
  readonly type: Coded;
  readonly stream: Uint8Array;
  /** Bytes that it is coded in. */
  readonly coded: number;
}

/**
 * Takes a file apart without decoding its tensors, but for those that are coded together; all checksums fit.
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function partsOf(bytes: Uint8Array, later: Later | undefined, source = NAMELESS): Parts {
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
    const { pieces, holds, bundle, coder, graph } = openGraph(section, decoded, streams.length, prefix[4], later);
    const before = coder.position;
    let own = 0;
    const tensors = pieces.filter(isCoded).map((type, i): Part => {
      if (!bundle || !holds[i]) {
        const stream = streams[own++];
        return { type, stream, coded: stream.length };
      }
      const from = coder.position;
      // A code of zeros says that bytes are stored.
      const stream = new Uint8Array(1 + type.bytes);
      bundle.decodeNext(type, storeIn(stream.subarray(1), type.width));
      return { type, stream, coded: coder.position - from };
    });
    const together = coder.position - before;
    return { decoded, graphBytes: section.length - together, graph, tensors };
  } catch (error) {
    throw explained(error, source);
  }
}

function isCoded(piece: Uint8Array | Coded): piece is Coded {
  return !(piece instanceof Uint8Array);
}

/** A graph, and what is coded behind it. */
interface Opened {
  readonly graph: Uint8Array;
  /** What the file is made of: bytes, and tensors in their places. */
  readonly pieces: readonly (Uint8Array | Coded)[];
  /** Which of these tensors are in the bundle. */
  readonly holds: readonly boolean[];
  readonly bundle: OpenBundle | undefined;
  readonly coder: RangeDecoder;
  readonly later: Later | undefined;
}

/**
 * Reads the graph, and finds the holes for tensors in it. Where no tensor is coded beside the graph it is the file
 * itself, whatever it holds.
 * @param sections how many tensors have sections of their own
 */
function openGraph(
  section: Uint8Array,
  decoded: number,
  sections: number,
  version: number,
  later: Later | undefined,
): Opened {
  const coder = new RangeDecoder(section);
  const together = version > 2 ? later : undefined;
  const graph = decodeGraph(section, coder, together);
  const bundled = together !== undefined && coder.raw(0, 1) === 1;
  const pieces = sections > 0 || bundled ? piecesIn(graph, bundled ? graph.length : sections, version) : [graph];
  const holes = pieces.filter(isCoded);
  const bundle = bundled ? together.openBundle(coder, holes) : undefined;
  const holds = bundle?.holds ?? [];
  const total = pieces.reduce((sum, piece) => sum + (isCoded(piece) ? piece.bytes : piece.length), 0);
  if (holes.length - holds.filter(Boolean).length !== sections || total !== decoded) {
    throw new Damage("another graph than the header says");
  }
  return { graph, pieces, holds, bundle, coder, later };
}

function piecesIn(graph: Uint8Array, most: number, version: number): readonly (Uint8Array | Coded)[] {
  return piecesOf(
    graph,
    (head, at): Coded | undefined => {
      const words = wordsOf(head);
      return words && { ...words, name: head.name, at, version };
    },
    most,
  );
}

function decodeGraph(section: Uint8Array, coder: RangeDecoder, together: Later | undefined): Uint8Array {
  const stored = coder.raw(0, 1) === 1;
  const length = codeNumber(coder, 0);
  if (stored) {
    if (length > section.length) throw new Damage("a graph that is cut short");
    return section.subarray(section.length - length);
  }
  if (length > LONGEST_TEXT) throw new Damage("a graph without end");
  if (together) return together.decodeGraph(coder, length);
  const text = new Uint8Array(length);
  codeText(coder, text);
  return text;
}
