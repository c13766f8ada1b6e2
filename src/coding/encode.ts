import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { codeNumber } from "../runtime/bit-coder.ts";
import { CHECKSUM, checkOf, leastBytes, MAGIC, mostDecoded, PREFIX, VERSION } from "../runtime/container.ts";
import { crc32 } from "../runtime/crc32.ts";
import { LONGEST_TEXT } from "../runtime/decode.ts";
import { wordsOf } from "../runtime/element-type.ts";
import { varintOf } from "../runtime/graph.ts";
import { Neighbours } from "../runtime/tensor.ts";
import { codeText } from "../runtime/text.ts";
import { encodeTensor, type Method } from "./encode-tensor.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { concat, split, type Taken } from "./split.ts";
import { survey } from "./survey.ts";

export interface EncodeOptions {
  /**
   * `context` (the default) is the smallest; `huffman` is stage 3 of Deep Compression (arXiv 1510.00149): relative
   * indices with fillers, Huffman codes of values and indices.
   */
  readonly mode?: "context" | "huffman";
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

/** {@link encode} of an ONNX file, whose very bytes come back. */
export function encodeFile(file: Uint8Array, { mode = "context", onProgress }: EncodeOptions = {}) {
  const { graph, tensors } = split(file, ({ bytes, type, dims }) => {
    return bytes.length >= SMALLEST && wordsOf(type, dims)?.bytes === bytes.length;
  });
  const neighbours = new Neighbours();
  const methods = mode === "huffman" ? tensors.map((): Method => "huffman") : methodsFor(tensors, file.length);
  const streams = tensors.map((tensor, i) => {
    const stream = encodeTensor(surveyOf(tensor), tensor.bytes, methods[i], neighbours);
    onProgress?.(i + 1, tensors.length);
    return stream;
  });
  return container(file.length, graph, streams);
}

function surveyOf({ bytes, type, dims, name }: Taken) {
  const words = wordsOf(type, dims);
  if (!words) throw new Error(`The tensor "${name}" has no words.`);
  return survey(bytes, words);
}

/**
 * Decoding in contexts takes about so long for each word, and for each that is not zero: less with a codebook than
 * without. With tables it takes no time.
 */
const SECONDS_PER_PLACE = 0.1e-6;
const SECONDS_PER_CODE = 0.4e-6;
const SECONDS_PER_WORD = 1e-6;
/** A network may take so long to decode, or the time of its bytes at this speed, whichever is more. */
const LEAST_SECONDS = 0.5;
const BYTES_PER_SECOND = 1e9;

/** Which tensors are coded in contexts: all, but for the largest of a network that would take too long to decode. */
function methodsFor(tensors: readonly Taken[], bytes: number): Method[] {
  const methods = tensors.map((): Method => "context");
  const seconds = tensors.map((tensor) => {
    const { words, nonzero, distinct } = surveyOf(tensor);
    return words.length * SECONDS_PER_PLACE + nonzero * (distinct ? SECONDS_PER_CODE : SECONDS_PER_WORD);
  });
  let total = seconds.reduce((sum, each) => sum + each, 0);
  const slowest = tensors.map((_, i) => i).sort((a, b) => seconds[b] - seconds[a]);
  for (const i of slowest) {
    if (total <= Math.max(LEAST_SECONDS, bytes / BYTES_PER_SECOND)) break;
    methods[i] = "static";
    total -= seconds[i];
  }
  return methods;
}

/** @param padding zeros that change nothing */
function encodeGraph(graph: Uint8Array, padding: number): Uint8Array {
  const coder = new RangeEncoder();
  const stored = graph.length > LONGEST_TEXT;
  coder.raw(stored ? 1 : 0, 1);
  codeNumber(coder, graph.length);
  if (!stored) codeText(coder, graph.slice());
  const code = stored ? coder.finishBeforeMore() : coder.finish();
  return concat([code, new Uint8Array(padding), stored ? graph : new Uint8Array(0)]);
}

/** Puts sections into a container: prefix, header, and every section, each with its checksum. */
function container(decoded: number, graph: Uint8Array, streams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const least = streams.reduce((sum, { length }) => sum + length, 0);
  const padding = decoded > mostDecoded(least) ? leastBytes(decoded) - least : 0;
  const sections = [encodeGraph(graph, padding), ...streams];
  const header = concat([varintOf(decoded), ...sections.map(({ length }) => varintOf(length))]);
  if (header.length > 0xffff) {
    throw new UserError(
      `The model has ${streams.length} tensors, and an .esp file describes about 20,000: merge some.`,
    );
  }
  const prefix = Uint8Array.of(...MAGIC, VERSION, header.length & 255, header.length >> 8, 0);
  prefix[PREFIX - 1] = checkOf(prefix);
  const checked = sections.flatMap((section) => [section, checksum(crc32(section))]);
  return concat([prefix, header, checksum(crc32(header, crc32(prefix))), ...checked]);
}

function checksum(value: number): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
