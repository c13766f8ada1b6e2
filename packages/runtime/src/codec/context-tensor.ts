import type { BitCoder } from "./bit-coder.ts";
import { codeCodebook, rankOf, type WordFormat } from "./codebook.ts";
import { CodeModel } from "./codes.ts";
import { Damage } from "./damage.ts";
import { type CodedType, MOST_IN_CONTEXTS, type WordType } from "./element-type.ts";
import { codeElements } from "./elements.ts";
import { CONTEXT, codeLayout, FURTHER, type Layout, STORED } from "./layout.ts";
import { RangeDecoder } from "./range-decoder.ts";
import { activityOf } from "./significance.ts";
import { codeStaticHead, decodeEntries, type Store } from "./static.ts";
import { WordModel } from "./words.ts";

/** A tensor that a method of version 2 codes. */
export interface Further {
  readonly coder: RangeDecoder;
  readonly stream: Uint8Array;
  readonly type: CodedType;
  readonly neighbours: Neighbours;
  readonly store: Store;
  /** The stream has said that the tensor is kept, and says how it is coded. */
  readonly again: boolean;
}

/** What later versions than the first have: a part of its own, which is loaded for such files alone. */
export interface Later {
  /** Decodes a tensor that a method of version 2 codes. */
  decodeTensor(tensor: Further): void;
  /** Decodes the graph of a file of version 3, of so many bytes of text. */
  decodeGraph(coder: RangeDecoder, length: number): Uint8Array;
  /** What a file of version 3 holds behind its graph. @param tensors all that the graph leaves empty */
  openBundle(coder: RangeDecoder, tensors: readonly WordType[]): OpenBundle;
}

/** Tensors that are coded together behind the graph. */
export interface OpenBundle {
  /** Which of the tensors these are. */
  readonly holds: readonly boolean[];
  /** Decodes the next of them. */
  decodeNext(type: WordType, into: Store): void;
}

/** How full the rows of the tensors before were: what a tensor's columns are likely to be. */
export class Neighbours {
  /** By how many rows the last tensor with as many had, the latest at the end: more are never asked for. */
  readonly #counts = new Map<number, Uint32Array>();
  /** The words of tensors that those behind them refer to. */
  readonly kept: Uint32Array[] = [];
  /** Decodes what the first version has not; unknown where no later file is met. */
  readonly later: Later | undefined;

  constructor(later?: Later) {
    this.later = later;
  }

  /** The same, to which others may be added. */
  copy(): Neighbours {
    const copy = new Neighbours(this.later);
    copy.kept.push(...this.kept);
    for (const counts of this.#counts.values()) copy.addCounts(counts);
    return copy;
  }

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
  add(elements: Uint32Array | Int32Array, rows: number): void {
    const columns = elements.length / rows;
    const counts = new Uint32Array(rows);
    for (let row = 0, t = 0; row < rows; row++) {
      for (const end = t + columns; t < end; t++) if (elements[t] !== 0) counts[row]++;
    }
    this.addCounts(counts);
  }

  /** The same of how many elements of each row are not zero. */
  addCounts(counts: Uint32Array): void {
    if (counts.length < 2) return;
    this.#counts.delete(counts.length);
    this.#counts.set(counts.length, counts);
  }
}

/**
 * Codes elements in contexts: codes of a codebook from 1, or words; 0 is a zero where zeros lie apart.
 * @param book the codebook
 * @param activity how alive the units behind the columns are
 * @param finish where `elements` has room for one row: is told when it is done
 */
export function codeInContexts(
  coder: BitCoder,
  elements: Uint32Array,
  layout: Layout,
  format: WordFormat,
  book: Uint32Array,
  activity: Uint8Array,
  finish?: (row: number) => void,
): void {
  const { view, count, raw } = layout;
  const zero = rankOf(0, format);
  const values =
    book.length > 0
      ? new CodeModel(view, book.length, book.filter((word) => rankOf(word, format) < zero).length)
      : new WordModel(format, raw);
  if (count > 0) codeElements(coder, elements, layout, values, activity, finish);
}

/**
 * How a stream codes a tensor.
 * @throws Damage when the stream contradicts itself
 */
export function layoutOf(stream: Uint8Array, type: WordType): Layout {
  return layoutFrom(new RangeDecoder(stream), type);
}

function layoutFrom(coder: BitCoder, { view }: WordType): Layout {
  const nothing = { method: 0, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 };
  return codeLayout(coder, nothing, view);
}

/**
 * Decodes a tensor into its place.
 * @param into where its bytes go, zeros before; or what is given the words in order, of zeros only some
 * @param coder reads the stream
 * @param again the stream has said that the tensor is kept, and says how it is coded
 * @throws Damage when the stream contradicts itself
 */
export function decodeTensor(
  stream: Uint8Array,
  type: CodedType,
  neighbours: Neighbours,
  into: Uint8Array | Store,
  coder = new RangeDecoder(stream),
  again = false,
): void {
  const { view, width, float, bytes } = type;
  const layout = layoutFrom(coder, type);
  const count = (bytes * 8) / width;
  const store = typeof into === "function" ? into : storeIn(into, width);
  if (layout.method === STORED) {
    if (stream.length < bytes) throw new Damage("fewer bytes than the tensor has");
    const stored = stream.subarray(stream.length - bytes);
    if (typeof into === "function") storeAll(stored, width, into);
    else into.set(stored);
    return;
  }
  if (layout.method === FURTHER) {
    if (type.version < 2 || !neighbours.later) throw new Damage("an unknown method");
    neighbours.later.decodeTensor({ coder, stream, type, neighbours, store, again });
    return;
  }
  const format = { width, float, shift: layout.shift };
  if (layout.shift >= width || layout.shift + layout.raw > width) throw new Damage("more bits than a word has");
  const book = new Uint32Array(layout.entries);
  if (layout.entries > 0) codeCodebook(coder, book, format);
  if (layout.method === CONTEXT) {
    if (count > MOST_IN_CONTEXTS) throw new Damage("more words in contexts than any writer puts there");
    const columns = count / view.rows;
    const elements = new Uint32Array(columns);
    const counts = new Uint32Array(view.rows);
    codeInContexts(coder, elements, layout, format, book, neighbours.activity(columns), (row) => {
      for (let column = 0; column < columns; column++) {
        const element = elements[column];
        if (element === 0) continue;
        counts[row]++;
        store(row * columns + column, layout.entries > 0 ? book[element - 1] : element);
      }
    });
    neighbours.addCounts(counts);
    return;
  }
  const none = { gaps: new Uint16Array(0), values: new Uint16Array(0), length: 0 };
  const head = codeStaticHead(coder, none, layout, width);
  if (head.length > stream.length) throw new Damage("more entries than the stream holds");
  decodeEntries(store, count, layout, head, book, stream.subarray(stream.length - head.length));
}

/** Writes words to wherever bytes lie, aligned or not: another array for them would take as much memory once more. */
export function storeIn(bytes: Uint8Array, width: number): Store {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 32) return (at, word) => view.setUint32(4 * at, word, true);
  if (width === 16) return (at, word) => view.setUint16(2 * at, word, true);
  return (at, word) => view.setUint8(at, word);
}

/** Gives all words, as they lie. */
function storeAll(bytes: Uint8Array, width: number, store: Store): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = width / 8;
  for (let i = 0, at = 0; at < bytes.length; i++, at += step) {
    store(i, width === 32 ? view.getUint32(at, true) : width === 16 ? view.getUint16(at, true) : bytes[at]);
  }
}
