import type { BitCoder } from "./bit-coder.ts";
import { codeCodebook, rankOf, type WordFormat } from "./codebook.ts";
import { CodeModel } from "./codes.ts";
import { Damage } from "./damage.ts";
import type { WordType } from "./element-type.ts";
import { codeElements } from "./elements.ts";
import { CONTEXT, codeLayout, type Layout, STORED } from "./layout.ts";
import { RangeDecoder } from "./range-decoder.ts";
import { activityOf } from "./significance.ts";
import { codeStaticHead, decodeEntries } from "./static.ts";
import { WordModel } from "./words.ts";

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Tensors of more words are not coded in contexts: it takes up to 32 bytes for each word. */
export const MOST_IN_CONTEXTS = 2 ** 26;

/** How full the rows of the tensors before were: what a tensor's columns are likely to be. */
export class Neighbours {
  /** By how many rows the last tensor with as many had, the latest at the end: more are never asked for. */
  readonly #counts = new Map<number, Uint32Array>();

  /** How many rows those tensors had. */
  get rows(): number[] {
    return [...this.#counts.keys()];
  }

  /** How alive the unit behind each of so many columns was, in the last tensor whose rows can stand for them. */
  activity(columns: number): Uint8Array {
    const counts = this.#counts.get(this.rows.findLast((rows) => columns % rows === 0) ?? 0);
    return counts ? activityOf(counts, columns) : new Uint8Array(columns);
  }

  /** Notes a tensor that was coded in contexts. */
  add(elements: Uint32Array, rows: number): void {
    if (rows < 2) return;
    const columns = elements.length / rows;
    const counts = new Uint32Array(rows);
    for (let row = 0, t = 0; row < rows; row++) {
      for (const end = t + columns; t < end; t++) if (elements[t] !== 0) counts[row]++;
    }
    this.#counts.delete(rows);
    this.#counts.set(rows, counts);
  }
}

/**
 * Codes elements in contexts: codes of a codebook from 1, or words; 0 is a zero where zeros lie apart.
 * @param book the codebook
 * @param activity how alive the units behind the columns are
 */
export function codeInContexts(
  coder: BitCoder,
  elements: Uint32Array,
  layout: Layout,
  format: WordFormat,
  book: Uint32Array,
  activity: Uint8Array,
): void {
  const { view, count, raw } = layout;
  const zero = rankOf(0, format);
  const values =
    book.length > 0
      ? new CodeModel(view, book.length, book.filter((word) => rankOf(word, format) < zero).length)
      : new WordModel(format, raw);
  if (count > 0) codeElements(coder, elements, layout, values, activity);
}

/**
 * Decodes a tensor.
 * @returns its bytes
 * @throws Damage when the stream contradicts itself
 */
export function decodeTensor(stream: Uint8Array, type: WordType, neighbours: Neighbours): Uint8Array {
  const { view } = type;
  const nothing = { method: 0, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 };
  const coder = new RangeDecoder(stream);
  const layout = codeLayout(coder, nothing, view);
  if (layout.method === STORED) {
    if (stream.length < type.bytes) throw new Damage("fewer bytes than the tensor has");
    return stream.subarray(stream.length - type.bytes);
  }
  const { width, float } = type;
  const format = { width, float, shift: layout.shift };
  if (layout.shift >= width || layout.shift + layout.raw > width) throw new Damage("more bits than a word has");
  const book = new Uint32Array(layout.entries);
  if (layout.entries > 0) codeCodebook(coder, book, format);
  const count = (type.bytes * 8) / width;
  if (layout.method === CONTEXT) {
    if (count > MOST_IN_CONTEXTS) throw new Damage("more words in contexts than any writer puts there");
    const elements = new Uint32Array(count);
    const { rows } = view;
    codeInContexts(coder, elements, layout, format, book, neighbours.activity(count / rows));
    neighbours.add(elements, rows);
    if (layout.entries > 0) {
      for (let t = 0; t < count; t++) if (elements[t] !== 0) elements[t] = book[elements[t] - 1];
    }
    return bytesOf(width === 32 ? elements : wordsFor(width, count, elements));
  }
  const none = { gaps: new Uint16Array(0), values: new Uint16Array(0), length: 0 };
  const head = codeStaticHead(coder, none, layout, width);
  if (head.length > stream.length) throw new Damage("more entries than the stream holds");
  const words = wordsFor(width, count);
  decodeEntries(words, layout, head, book, stream.subarray(stream.length - head.length));
  return bytesOf(words);
}

function wordsFor(width: number, count: number, from?: Uint32Array): Words {
  const words = width === 32 ? new Uint32Array(count) : width === 16 ? new Uint16Array(count) : new Uint8Array(count);
  if (from) words.set(from);
  return words;
}

function bytesOf(words: Words): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
