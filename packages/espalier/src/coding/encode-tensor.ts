import { codeLayout, type Neighbours, STORED } from "espalier-runtime/codec";
import { encodeInContexts } from "./context-encoder.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { concat } from "./split.ts";
import { encodeStatic, finiteState, huffmanCodes } from "./static-encoder.ts";
import type { Survey } from "./survey.ts";

/**
 * How tensors are coded: in contexts, with static tables, which decode several times as fast and know no contexts, or
 * as in Deep Compression.
 */
export type Method = "context" | "static" | "huffman";

/**
 * Encodes a tensor, or stores its bytes where that takes no more.
 * @param neighbours the tensors before; a tensor that is coded in contexts is added
 */
export function encodeTensor(survey: Survey, bytes: Uint8Array, method: Method, neighbours: Neighbours): Uint8Array {
  const { words, type } = survey;
  const { rows } = type.view;
  const stream =
    method === "context"
      ? encodeInContexts(survey, neighbours.activity(words.length / rows), neighbours.rows)
      : encodeStatic(survey, method === "huffman" ? huffmanCodes : finiteState);
  const stored = store(survey, bytes);
  if (stored.length <= stream.length) return stored;
  if (method === "context") neighbours.add(words, rows);
  return stream;
}

function store({ type: { view } }: Survey, bytes: Uint8Array): Uint8Array {
  const coder = new RangeEncoder();
  codeLayout(coder, { method: STORED, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 }, view);
  return concat([coder.finishBeforeMore(), bytes]);
}
