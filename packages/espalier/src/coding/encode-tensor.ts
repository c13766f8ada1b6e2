import { codeLayout, type Neighbours, type Reference, type Scaled, STORED } from "espalier-runtime/codec";
import { encodeInContexts } from "./context-encoder.ts";
import { encoderFor } from "./encoder-for.ts";
import { encodePredicted } from "./predicted-encoder.ts";
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

/** Where there is another way, codebooks of so many entries are tried. */
const SMALL_CODEBOOK = 512;
/** And words as they are, if that way takes more bytes for each. */
const WORTH = 2;

/** What is known of a tensor before it is coded. */
export interface Prepared {
  readonly tensor: Taken;
  readonly survey: Survey;
  /** The ways to see it as small whole numbers that may be used. */
  readonly ways: readonly Scaled[];
  /** Where its words may be found again, if it is worth a try to code them so. */
  readonly references: readonly Reference[] | undefined;
}

/**
 * Encodes a tensor, or stores its bytes where that takes no more.
 * @param neighbours the tensors before; the tensor is added if the method in which it is coded tells others of it
 */
export function encodeTensor(prepared: Prepared, method: Method, neighbours: Neighbours): Encoded {
  const { survey, tensor } = prepared;
  const best =
    method === "context" ? inContexts(prepared, neighbours) : { stream: withTables(survey, method), version: 1 };
  const stored = store(survey, tensor.bytes);
  const { stream, version, elements } = stored.length <= best.stream.length ? { stream: stored, version: 1 } : best;
  if (elements) neighbours.add(elements, survey.type.view.rows);
  if (survey.kept) neighbours.kept.push(survey.words);
  return { stream, version: survey.kept ? 2 : version };
}

interface Candidate extends Encoded {
  /** What is told of to other tensors: elements that are zero or not. */
  readonly elements?: Uint32Array | Int32Array;
}

function withTables(survey: Survey, method: "static" | "huffman"): Uint8Array {
  return encodeStatic(survey, method === "huffman" ? huffmanCodes : finiteState);
}

/** Encodes a tensor in the best of the ways that know contexts. */
function inContexts({ survey, ways, references }: Prepared, neighbours: Neighbours): Candidate {
  const { words, type, distinct } = survey;
  const candidates: Candidate[] = [];
  const scaled = encodeScaled(survey, ways);
  if (scaled) candidates.push({ stream: scaled.stream, version: 2, elements: scaled.numbers });
  if (references) candidates.push({ stream: encodePredicted(survey, references, neighbours.kept), version: 2 });
  const best = () => candidates.reduce((a, b) => (b.stream.length < a.stream.length ? b : a));
  // Multiples of a scale are hardly better coded by a large codebook, or as words; nor is what follows from others.
  const few = distinct && distinct.length <= SMALL_CODEBOOK;
  if (few || candidates.length === 0 || best().stream.length > WORTH * words.length) {
    const activity = neighbours.activity(words.length / type.view.rows);
    candidates.unshift({ stream: encodeInContexts(survey, activity, neighbours.rows), version: 1, elements: words });
  }
  return best();
}

function store(survey: Survey, bytes: Uint8Array): Uint8Array {
  const { view } = survey.type;
  const coder = encoderFor(survey);
  codeLayout(coder, { method: STORED, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 }, view);
  return concat([coder.finishBeforeMore(), bytes]);
}
