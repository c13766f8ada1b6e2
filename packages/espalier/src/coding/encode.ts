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
  mostDecoded,
  Neighbours,
  PREFIX,
  VERSION,
  varintOf,
  wordsOf,
} from "espalier-runtime/codec";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { type Encoded, encodeTensor, type Method, type Prepared } from "./encode-tensor.ts";
import { type Known, lookAt, type Plan, planFor, surveyOf } from "./plan.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { concat, split, type Taken } from "./split.ts";
import { Chooser, encodeTogether, liesInBundle } from "./together.ts";

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
  const options = { mode, version, onProgress };
  if (mode !== "context" || version < 3) return encodeApart(file, options);
  const together = encodeInBundle(file, options);
  if (file.length > COMPARED) return together;
  // What is learnt of one tensor may mislead of the next.
  const apart = encodeApart(file, { mode, version: 2 });
  return apart.length <= together.length ? apart : together;
}

type Settings = Required<Pick<EncodeOptions, "mode" | "version">> & Pick<EncodeOptions, "onProgress">;

/** Each tensor in a section of its own, as versions 1 and 2 have it. */
function encodeApart(file: Uint8Array, options: Settings): Uint8Array<ArrayBuffer> {
  const { graph, tensors } = split(file, liesBeside);
  const neighbours = new Neighbours();
  const encoded = prepare(tensors, file.length, options, (prepared, method) =>
    encodeTensor(prepared, method, neighbours),
  );
  const version = encoded.reduce((needed, tensor) => Math.max(needed, tensor.version), 1);
  return container(file.length, version, (padding) => encodeGraph(graph, padding), encoded);
}

/** Tensors in a bundle behind the graph, but for those that are smaller alone. */
function encodeInBundle(file: Uint8Array, options: Settings): Uint8Array<ArrayBuffer> {
  const { graph, tensors } = split(file, (tensor) => liesInBundle(tensor) || liesBeside(tensor));
  const chooser = new Chooser();
  const chosen = prepare(tensors, file.length, options, (prepared, method) => chooser.choose(prepared, method));
  const own = chosen.flatMap(({ own }) => own ?? []);
  return container(file.length, 3, (padding) => encodeTogether(graph, chosen, padding), own);
}

/** Looks at all tensors, and does something with each, in their order. */
function prepare<Done>(
  tensors: readonly Taken[],
  bytes: number,
  { mode, version, onProgress }: Settings,
  encodeOne: (prepared: Prepared, method: Method) => Done,
): Done[] {
  const { methods, links, kept, known } = mode === "context" ? planFor(tensors, bytes, version) : NO_PLAN;
  // The place of each tensor that is kept, in their order.
  const places = [...kept].sort((a, b) => a - b);
  return tensors.map((tensor, i) => {
    const method = methods[i] ?? mode;
    const { survey, ways } = method === "context" ? (known[i] ?? lookAt(tensor, version)) : withoutWays(tensor);
    const before = places.filter((place) => place < i);
    const references = links[i]?.references.map(({ reference, to }) => ({
      ...reference,
      back: to === undefined ? 0 : before.length - before.indexOf(to),
    }));
    const done = encodeOne({ tensor, survey: { ...survey, kept: kept.has(i) }, ways, references }, method);
    onProgress?.(i + 1, tensors.length);
    return done;
  });
}

/** Files of more bytes are not coded in two ways to be compared. */
const COMPARED = 2 ** 18;

const NO_PLAN: Plan = { methods: [], links: [], kept: new Set(), known: [] };

/** What tables need to know of a tensor. */
const withoutWays = (tensor: Taken): Known => ({ survey: surveyOf(tensor), ways: [] });

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
function container(
  decoded: number,
  version: number,
  graph: (padding: number) => Uint8Array,
  tensors: readonly Encoded[],
): Uint8Array<ArrayBuffer> {
  const streams = tensors.map(({ stream }) => stream);
  const unpadded = graph(0);
  const least = streams.reduce((sum, { length }) => sum + length, version > 2 ? unpadded.length : 0);
  const padding = decoded > mostDecoded(least) ? leastBytes(decoded) - least : 0;
  const sections = [padding > 0 ? graph(padding) : unpadded, ...streams];
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
