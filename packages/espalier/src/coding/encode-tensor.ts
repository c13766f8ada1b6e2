import { codeLayout, type Neighbours, type Scaled, STORED } from "espalier-runtime/codec";
import { encodeInContexts } from "./context-encoder.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { encodeScaled } from "./scaled-encoder.ts";
import { concat, type Taken } from "./split.ts";
import { encodeStatic, finiteState, huffmanCodes } from "./static-encoder.ts";
import type { Survey } from "./survey.ts";

/**
 * How tensors are coded: in contexts, with static tables, which decode several times as fast and know no contexts, or
 * as in Deep Compression.
 */
export type Method = "context" | "static" | "huffman";

/** A tensor's section, and the version of the format that it needs. */
export interface Encoded {
  readonly stream: Uint8Array;
  readonly version: number;
}

/** Where words are small numbers as well, codebooks of so many entries are tried. */
const SMALL_CODEBOOK = 512;

/** What is known of a tensor before it is coded. */
export interface Prepared {
  readonly tensor: Taken;
  readonly survey: Survey;
  /** The ways to see it as small whole numbers that may be used. */
  readonly ways: readonly Scaled[];
}

/**
 * Encodes a tensor, or stores its bytes where that takes no more.
 * @param neighbours the tensors before; a tensor that is coded in contexts is added
 */
export function encodeTensor(
  { tensor: { bytes }, survey, ways }: Prepared,
  method: Method,
  neighbours: Neighbours,
): Encoded {
  const { words, type } = survey;
  const { rows } = type.view;
  const stored = { stream: store(survey, bytes), version: 1 };
  if (method !== "context") {
    const stream = encodeStatic(survey, method === "huffman" ? huffmanCodes : finiteState);
    return stored.stream.length <= stream.length ? stored : { stream, version: 1 };
  }
  const scaled = encodeScaled(survey, ways);
  // Multiples of a scale are hardly better coded by a large codebook, or as words.
  const inContexts =
    scaled && (!survey.distinct || survey.distinct.length > SMALL_CODEBOOK)
      ? stored.stream
      : encodeInContexts(survey, neighbours.activity(words.length / rows), neighbours.rows);
  if (scaled && scaled.stream.length < Math.min(inContexts.length, stored.stream.length)) {
    neighbours.add(scaled.numbers, rows);
    return { stream: scaled.stream, version: 2 };
  }
  if (stored.stream.length <= inContexts.length) return stored;
  neighbours.add(words, rows);
  return { stream: inContexts, version: 1 };
}

function store({ type: { view } }: Survey, bytes: Uint8Array): Uint8Array {
  const coder = new RangeEncoder();
  codeLayout(coder, { method: STORED, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 }, view);
  return concat([coder.finishBeforeMore(), bytes]);
}
