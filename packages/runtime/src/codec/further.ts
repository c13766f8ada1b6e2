import { Bundle, codeHolds, NOTHING, storeBundled } from "./bundle.ts";
import { decodeTensor, type Further, type Later, type OpenBundle } from "./context-tensor.ts";
import { Damage } from "./damage.ts";
import { MOST_IN_CONTEXTS, type WordType } from "./element-type.ts";
import { KEPT, PREDICTED, SCALED } from "./layout.ts";
import { fromOutline } from "./outline.ts";
import { codePredicted } from "./predicted.ts";
import type { RangeDecoder } from "./range-decoder.ts";
import { codeScaled, NO_SCALES, storeScaled } from "./scaled.ts";
import { codeText } from "./text.ts";
import { WORDS_OF_OUTLINES } from "./words-of-outlines.ts";

/**
 * Decodes a tensor that a method of version 2 codes.
 * @throws Damage when the stream contradicts itself
 */
function decodeFurther({ coder, stream, type, neighbours, store, again }: Further): void {
  const further = coder.raw(0, 2);
  if (further > KEPT || (again && further === KEPT)) throw new Damage("an unknown method");
  if (further !== SCALED && type.width < 32) throw new Damage("predictions of short words");
  const count = (type.bytes * 8) / type.width;
  if (count > MOST_IN_CONTEXTS) throw new Damage("more words in contexts than any writer puts there");
  const { rows } = type.view;
  const words = new Uint32Array(count);
  if (further === SCALED) {
    const numbers = new Int32Array(words.buffer);
    storeScaled(store, codeScaled(coder, { ...NO_SCALES, numbers }, type));
    neighbours.add(numbers, rows);
  } else if (further === PREDICTED) {
    codePredicted(coder, words, rows, [], neighbours.kept);
    for (let t = 0; t < count; t++) store(t, words[t]);
  } else {
    const keep = (at: number, word: number) => {
      words[at] = word;
      store(at, word);
    };
    decodeTensor(stream, type, neighbours, keep, coder, true);
    neighbours.kept.push(words);
  }
}

/**
 * Decodes a graph that is coded as text: its outline, or where it has none its bytes.
 * @throws Damage when what is coded is no outline
 */
function decodeGraph(coder: RangeDecoder, length: number): Uint8Array {
  const outlined = coder.raw(0, 1) === 1;
  const text = new Uint8Array(length);
  codeText(coder, text, WORDS_OF_OUTLINES);
  return outlined ? fromOutline(text) : text;
}

/**
 * Opens the bundle behind a graph.
 * @throws Damage when it says that it holds more than any writer puts there
 */
function openBundle(coder: RangeDecoder, tensors: readonly WordType[]): OpenBundle {
  const holds = codeHolds(coder, tensors, []);
  const bundle = new Bundle();
  return {
    holds,
    decodeNext(type, into) {
      const numbers = new Int32Array((type.bytes * 8) / type.width);
      storeBundled(into, bundle.code(coder, type, { ...NOTHING, view: type.view, numbers }), type);
    },
  };
}

/** What decodes later versions than the first. */
export const later: Later = { decodeTensor: decodeFurther, decodeGraph, openBundle };
