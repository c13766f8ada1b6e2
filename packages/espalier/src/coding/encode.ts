import {
  CHECKSUM,
  checkOf,
  codeNumber,
  codeText,
  crc32,
  LARGEST_FILE,
  LONGEST_TEXT,
  leastBytes,
  MAGIC,
  MOST_IN_CONTEXTS,
  mostDecoded,
  Neighbours,
  PREFIX,
  type Scaled,
  VERSION,
  varintOf,
  wordsOf,
} from "espalier-runtime/codec";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { type Encoded, encodeTensor, type Method } from "./encode-tensor.ts";
import { type Link, Links } from "./links.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { scaledWays } from "./scaled-encoder.ts";
import { concat, split, type Taken } from "./split.ts";
import { type Survey, survey } from "./survey.ts";

/** How an .esp file is written. */
export interface EncodeOptions {
  /**
   * `context` (the default) is the smallest; `static` decodes several times as fast; `huffman` is stage 3 of Deep
   * Compression (arXiv 1510.00149): relative indices with fillers, Huffman codes of values and indices.
   */
  readonly mode?: Method;
  /**
   * The newest version of the format that may be written, for decoders that know no other; default the newest. A file is
   * of the first version that has what it needs.
   */
  readonly version?: number;
  /** Is told how many tensors of all are done. */
  onProgress?(done: number, all: number): void;
}

/** A tensor of fewer bytes stays in the graph. */
const SMALLEST = 64;

/**
 * Encodes a model as an .esp file, from which `decode` and `load` of espalier/runtime give the same model: every tensor
 * bit for bit, and the graph with all that a file says of it.
 * @throws UserError when the file would pass protobuf's 2 GB
 */
export function encode(model: Model, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  return encodeFile(writeModel(model), options);
}

/** {@link encode} of an ONNX file, whose very bytes come back, whoever wrote it. */
export function encodeFile(
  bytes: Uint8Array,
  { mode = "context", version = VERSION, onProgress }: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  if (bytes.length > LARGEST_FILE) {
    throw new UserError(
      `The model has ${bytes.length} bytes, and an .esp file holds 2 GB at most: take a smaller one.`,
    );
  }
  // A Buffer's own slice() does not copy.
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const { graph, tensors } = split(file, liesBeside);
  const neighbours = new Neighbours();
  const { methods, links, kept } = mode === "context" ? planFor(tensors, file.length, version) : NO_PLAN;
  // The place of each tensor that is kept, in their order.
  const places = [...kept].sort((a, b) => a - b);
  const encoded = tensors.map((tensor, i) => {
    const method = methods[i] ?? mode;
    const known = { ...surveyOf(tensor), kept: kept.has(i) };
    const before = places.filter((place) => place < i);
    const references = links[i]?.references.map(({ reference, to }) => ({
      ...reference,
      back: to === undefined ? 0 : before.length - before.indexOf(to),
    }));
    const ways = method === "context" ? waysOf(tensor, known, version) : [];
    const each = encodeTensor({ tensor, survey: known, ways, references }, method, neighbours);
    onProgress?.(i + 1, tensors.length);
    return each;
  });
  return container(file.length, graph, encoded);
}

/** A graph that is so many bytes larger than it must be, and more than twice as large, has weights in it. */
const LARGER = 4096;

/**
 * Whether a file is worth keeping to the byte: {@link encodeFile} codes nearly all that it holds in tensors. It does not
 * where weights are lists of numbers (`float_data`), which `encode` of the model makes raw data.
 * @param rewritten the same model as `writeModel` writes it
 */
export function codesWell(file: Uint8Array, rewritten: Uint8Array): boolean {
  const [kept, least] = [file, rewritten].map((each) => split(each, liesBeside).graph.length);
  return kept <= 2 * least + LARGER;
}

/** Whether a tensor is coded beside the graph. */
export function liesBeside(tensor: Taken): boolean {
  return tensor.bytes.length >= SMALLEST && wordsOf(tensor)?.bytes === tensor.bytes.length;
}

function surveyOf(tensor: Taken): Survey {
  const words = wordsOf(tensor);
  if (!words) throw new Error(`The tensor "${tensor.name}" has no words.`);
  return survey(tensor.bytes, words);
}

function waysOf({ dims }: Taken, known: Survey, version: number): readonly Scaled[] {
  return version < 2 ? [] : scaledWays(known, dims);
}

/**
 * Decoding in contexts takes about so long for each word, and for each that is not zero: less with a codebook or as small
 * numbers than without. With tables it takes no time.
 */
const SECONDS_PER_PLACE = 0.1e-6;
const SECONDS_PER_CODE = 0.4e-6;
const SECONDS_PER_WORD = 1e-6;
/** A network may take so long to decode, or the time of its bytes at this speed, whichever is more. */
const LEAST_SECONDS = 0.5;
const BYTES_PER_SECOND = 1e9;
/** The same where words are small numbers or follow from others, for which tables make much larger files. */
const LEAST_SECONDS_FURTHER = 3;
const FURTHER_BYTES_PER_SECOND = 1e8;

/** How tensors are coded, by their places. */
interface Plan {
  readonly methods: readonly Method[];
  /** What words follow from, where it is worth a try. */
  readonly links: readonly (Link | undefined)[];
  /** Tensors to which the links of those in contexts lead. */
  readonly kept: ReadonlySet<number>;
}

const NO_PLAN: Plan = { methods: [], links: [], kept: new Set() };

/** Which tensors are coded in contexts: all, but for the largest of a network that would take too long to decode. */
function planFor(tensors: readonly Taken[], bytes: number, version: number): Plan {
  const most = Math.max(LEAST_SECONDS, bytes / BYTES_PER_SECOND);
  const mostFurther = Math.max(LEAST_SECONDS_FURTHER, bytes / FURTHER_BYTES_PER_SECOND);
  const all = new Links();
  const links: (Link | undefined)[] = [];
  const times = tensors.map((tensor, i) => {
    const known = surveyOf(tensor);
    const { words, nonzero, distinct } = known;
    const link = version < 2 ? undefined : all.add(i, known);
    links.push(link?.worth ? link : undefined);
    if (words.length > MOST_IN_CONTEXTS) return { seconds: Number.POSITIVE_INFINITY, most };
    if (link?.worth) return { seconds: words.length * SECONDS_PER_WORD, most: mostFurther };
    const scaled = waysOf(tensor, known, version).length > 0;
    const each = scaled || distinct ? SECONDS_PER_CODE : SECONDS_PER_WORD;
    const seconds = words.length * SECONDS_PER_PLACE + nonzero * each;
    // Without a codebook there is nothing but contexts for small numbers.
    return { seconds, most: scaled ? (distinct ? mostFurther : Number.POSITIVE_INFINITY) : most };
  });
  const methods = tensors.map((): Method => "static");
  const slowest = tensors.map((_, i) => i).sort((a, b) => times[b].seconds - times[a].seconds);
  let total = 0;
  for (const i of slowest.reverse()) {
    if (total + times[i].seconds > times[i].most) continue;
    total += times[i].seconds;
    methods[i] = "context";
  }
  const kept = links.flatMap((link, i) => (methods[i] === "context" ? (link?.references ?? []) : []));
  return { methods, links, kept: new Set(kept.flatMap(({ to }) => to ?? [])) };
}

/** Codes the graph as text, or stores it where that takes no more. @param padding zeros that change nothing */
function encodeGraph(graph: Uint8Array, padding: number): Uint8Array {
  const stored = codeGraph(graph, true);
  const text = graph.length > LONGEST_TEXT ? undefined : codeGraph(graph, false);
  const zeros = new Uint8Array(padding);
  return text && text.length < stored.length + graph.length ? concat([text, zeros]) : concat([stored, zeros, graph]);
}

function codeGraph(graph: Uint8Array, stored: boolean): Uint8Array {
  const coder = new RangeEncoder();
  coder.raw(stored ? 1 : 0, 1);
  codeNumber(coder, graph.length);
  if (!stored) codeText(coder, graph.slice());
  return stored ? coder.finishBeforeMore() : coder.finish();
}

/** Puts sections into a container: prefix, header, and every section, each with its checksum. */
function container(decoded: number, graph: Uint8Array, tensors: readonly Encoded[]): Uint8Array<ArrayBuffer> {
  const streams = tensors.map(({ stream }) => stream);
  const version = tensors.reduce((needed, tensor) => Math.max(needed, tensor.version), 1);
  const least = streams.reduce((sum, { length }) => sum + length, 0);
  const padding = decoded > mostDecoded(least) ? leastBytes(decoded) - least : 0;
  const sections = [encodeGraph(graph, padding), ...streams];
  const header = concat([varintOf(decoded), ...sections.map(({ length }) => varintOf(length))]);
  if (header.length > 0xffff) {
    throw new UserError(
      `The model has ${streams.length} tensors, and an .esp file describes about 20,000: merge some.`,
    );
  }
  const prefix = Uint8Array.of(...MAGIC, version, header.length & 255, header.length >> 8, 0);
  prefix[PREFIX - 1] = checkOf(prefix);
  const checked = sections.flatMap((section) => [section, checksum(crc32(section))]);
  return concat([prefix, header, checksum(crc32(header, crc32(prefix))), ...checked]);
}

function checksum(value: number): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
