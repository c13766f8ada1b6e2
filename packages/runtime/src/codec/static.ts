import { type BitCoder, codeNumber, log2, powerOf2 } from "./bit-coder.ts";
import { Damage } from "./damage.ts";
import type { Layout } from "./layout.ts";
import { buildTable, codeFrequencies, LARGEST_LOG } from "./table.ts";

/** What a tensor with static tables says before its entries. */
export interface StaticHead {
  /** The frequencies of the gaps before entries; none where every word is an entry. */
  readonly gaps: Uint16Array;
  /** The frequencies of what entries are: codes from 0, which is a zero, or the high bits of words. */
  readonly values: Uint16Array;
  /** Bytes of the entries, which end the stream. */
  readonly length: number;
}

/** How many values entries have. @param width bits of a word */
export function countValues({ entries, shift, raw }: Layout, width: number): number {
  const values = entries > 0 ? entries + 1 : powerOf2(width - shift - raw);
  if (values < 1 || values > powerOf2(LARGEST_LOG)) throw new Damage("more values than a table holds");
  return values;
}

/** Codes what comes before the entries. */
export function codeStaticHead(coder: BitCoder, head: StaticHead, layout: Layout, width: number): StaticHead {
  const bits = layout.sparse ? coder.raw(log2(head.gaps.length), 4) : 0;
  if (bits > LARGEST_LOG) throw new Damage("more gaps than a table holds");
  const gaps = new Uint16Array(layout.sparse ? powerOf2(bits) : 0);
  const values = new Uint16Array(countValues(layout, width));
  gaps.set(head.gaps);
  values.set(head.values);
  if (layout.sparse) codeFrequencies(coder, gaps);
  codeFrequencies(coder, values);
  return { gaps, values, length: codeNumber(coder, head.length) };
}

/** Puts a word in its place. */
export type Store = (at: number, word: number) => void;

/**
 * Decodes entries into words that are zero: for each the bits behind a gap's state, a value's, and a word's raw bits.
 * @param words how many words there are
 * @param book the words of the codes from 1, or none where values are the high bits of words
 * @throws Damage when entries lie beyond the words
 */
export function decodeEntries(
  store: Store,
  words: number,
  { sparse, count, shift, raw }: Layout,
  { gaps, values }: StaticHead,
  book: Uint32Array,
  bytes: Uint8Array,
): void {
  const gapTable = buildTable(sparse ? gaps : [1]);
  const valueTable = buildTable(values);
  const coded = book.length > 0;
  const lookup = new Uint32Array(coded ? book.length + 1 : 0);
  lookup.set(book, coded ? 1 : 0);
  const end = bytes.length;
  // The first bit that is 1 marks where the bits begin.
  let at = 1;
  let held = end > 0 ? bytes[0] : 0;
  let bits = 31 - Math.clz32(held | 1);
  const read = (count: number): number => {
    if (bits < count) {
      held = (held << 16) | ((at < end ? bytes[at] : 0) << 8) | (at + 1 < end ? bytes[at + 1] : 0);
      at += 2;
      bits += 16;
    }
    bits -= count;
    return (held >>> bits) & ((1 << count) - 1);
  };
  const lowRaw = raw >> 1;
  const highRaw = raw - lowRaw;
  const highUnit = powerOf2(highRaw);
  const lowUnit = powerOf2(lowRaw);
  const unit = powerOf2(shift);
  let gapState = read(log2(gapTable.length));
  let valueState = read(log2(valueTable.length));
  for (let i = 0, position = 0; i < count; i++, position++) {
    if (sparse) {
      const entry = gapTable[gapState];
      position += entry >>> 18;
      gapState = (entry & 0x3fff) + read((entry >>> 14) & 15);
    }
    const entry = valueTable[valueState];
    const value = entry >>> 18;
    valueState = (entry & 0x3fff) + read((entry >>> 14) & 15);
    if (position >= words) throw new Damage("an entry beyond the words");
    if (coded) store(position, lookup[value]);
    else {
      const high = read(highRaw);
      store(position, ((value * highUnit + high) * lowUnit + read(lowRaw)) * unit);
    }
  }
}
