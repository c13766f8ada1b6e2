import { codeCodebook } from "../runtime/codebook.ts";
import { codeLayout, type Layout, STATIC } from "../runtime/layout.ts";
import { codeStaticHead, countValues, type StaticHead } from "../runtime/static.ts";
import { type Frequencies, huffman, nearest } from "./frequencies.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { concat } from "./split.ts";
import { BackwardBits, StateEncoder } from "./state-encoder.ts";
import { CodeTable, type Survey } from "./survey.ts";

/** How the tables of {@link encodeStatic} are made: for finite state coding, or as Deep Compression's Huffman codes. */
export interface TableMaker {
  frequencies(counts: Float64Array): Frequencies;
  /** The most bits of a gap. */
  readonly gapBits: number;
}

export const finiteState: TableMaker = {
  frequencies(counts) {
    const used = counts.reduce((sum, count) => sum + Math.sign(count), 0);
    return nearest(counts, Math.max(Math.ceil(Math.log2(used)), used > 2048 ? 14 : 13));
  },
  gapBits: 10,
};

export const huffmanCodes: TableMaker = { frequencies: huffman, gapBits: 8 };

/** High bits of words that become symbols where there is no codebook: the sign and the exponent of a float. */
const SYMBOL_BITS = 9;

/**
 * Encodes a tensor with static tables: the gaps before entries, with fillers where they are too long (Deep Compression,
 * section 2), and what the entries are.
 */
export function encodeStatic(survey: Survey, tables: TableMaker): Uint8Array {
  const { words, type, nonzero, format, distinct } = survey;
  const sparse = nonzero < words.length;
  const coded = distinct !== undefined && distinct.length > 0 && 4 * distinct.length <= nonzero + 64;
  const book = coded ? distinct : new Uint32Array(0);
  const codes = CodeTable.of(book);
  const raw = coded ? 0 : Math.max(0, type.width - format.shift - SYMBOL_BITS);
  const low = raw + format.shift;
  const symbolOf = coded ? (word: number) => (word === 0 ? 0 : codes.code(word)) : (word: number) => word >>> low;
  const layout = { method: STATIC, view: type.view, sparse, shift: format.shift, entries: book.length, raw };

  const values = new Float64Array(countValues({ ...layout, count: 0 }, type.width));
  forEachEntry(words, sparse, (t) => values[symbolOf(words[t])]++);
  const gaps = sparse ? chooseGaps(gapsOf(words), values, raw, tables) : undefined;
  if (gaps) values[0] += gaps.fillers;
  // A tensor of zeros has no entry, and yet a table.
  if (nonzero === 0) values[0]++;
  const head = {
    gaps: gaps?.table.frequencies ?? new Uint16Array(0),
    values: tables.frequencies(values).frequencies,
    length: 0,
  };
  const entries = encodeEntries(words, sparse, head, { symbolOf, raw, shift: format.shift });
  const whole: Layout = { ...layout, count: sparse ? nonzero + (gaps?.fillers ?? 0) : words.length };
  const coder = new RangeEncoder();
  codeLayout(coder, whole, layout.view);
  if (coded) codeCodebook(coder, book.slice(), format);
  codeStaticHead(coder, { ...head, length: entries.length }, whole, type.width);
  return concat([coder.finishBeforeMore(), entries]);
}

/** Every word, or those that are not zero. */
function forEachEntry(words: Uint32Array, sparse: boolean, visit: (t: number) => void): void {
  for (let t = 0; t < words.length; t++) if (!sparse || words[t] !== 0) visit(t);
}

/** How often each gap comes before a word that is not zero. */
function gapsOf(words: Uint32Array): Map<number, number> {
  const short = new Float64Array(1 << 12);
  const gaps = new Map<number, number>();
  let before = -1;
  forEachEntry(words, true, (t) => {
    const gap = t - before - 1;
    if (gap < short.length) short[gap]++;
    else gaps.set(gap, (gaps.get(gap) ?? 0) + 1);
    before = t;
  });
  short.forEach((count, gap) => {
    if (count > 0) gaps.set(gap, count);
  });
  return gaps;
}

interface Gaps {
  readonly table: Frequencies;
  readonly fillers: number;
}

/** Chooses how many bits a gap has: fewer need more fillers, each an entry that is zero. */
function chooseGaps(gaps: Map<number, number>, values: Float64Array, raw: number, tables: TableMaker): Gaps {
  let best: (Gaps & { readonly cost: number }) | undefined;
  for (let bits = 1; bits <= tables.gapBits; bits++) {
    const counts = new Float64Array(1 << bits);
    let fillers = 0;
    for (const [gap, count] of gaps) {
      const over = Math.floor(gap / counts.length);
      counts[gap % counts.length] += count;
      counts[counts.length - 1] += over * count;
      fillers += over * count;
    }
    if (gaps.size === 0) counts[0] = 1;
    const table = tables.frequencies(counts);
    const withFillers = values.slice();
    withFillers[0] += gaps.size === 0 ? 1 : fillers;
    const cost = table.bits + tables.frequencies(withFillers).bits + raw * fillers + 8 * Math.sqrt(counts.length);
    if (!best || cost < best.cost) best = { table, fillers, cost };
  }
  if (!best) throw new Error("No number of bits was tried.");
  return best;
}

interface Values {
  readonly symbolOf: (word: number) => number;
  readonly raw: number;
  readonly shift: number;
}

/** The bits of all entries, from the last to the first. */
function encodeEntries(words: Uint32Array, sparse: boolean, head: StaticHead, { symbolOf, raw, shift }: Values) {
  const bits = new BackwardBits();
  const values = new StateEncoder(bits, head.values);
  const gaps = new StateEncoder(bits, sparse ? head.gaps : Uint16Array.of(1));
  const lowRaw = raw >> 1;
  const highRaw = raw - lowRaw;
  const entry = (word: number, gap: number) => {
    const low = word >>> shift;
    bits.write(low & ((1 << lowRaw) - 1), lowRaw);
    bits.write((low >>> lowRaw) & ((1 << highRaw) - 1), highRaw);
    values.encode(symbolOf(word));
    if (sparse) gaps.encode(gap);
  };
  const longest = head.gaps.length;
  let t = words.length - 1;
  while (t >= 0) {
    const word = words[t];
    if (sparse && word === 0) {
      t--;
      continue;
    }
    let before = t - 1;
    if (sparse) while (before >= 0 && words[before] === 0) before--;
    const gap = t - before - 1;
    entry(word, gap % longest);
    for (let filler = Math.floor(gap / longest); filler > 0; filler--) entry(0, longest - 1);
    t = before;
  }
  values.finish();
  gaps.finish();
  return bits.finish();
}
