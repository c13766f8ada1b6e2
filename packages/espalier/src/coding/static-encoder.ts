import {
  codeCodebook,
  codeLayout,
  codeStaticHead,
  countValues,
  type Layout,
  STATIC,
  type StaticHead,
} from "espalier-runtime/codec";
import { encoderFor } from "./encoder-for.ts";
import { type Frequencies, huffman, nearest } from "./frequencies.ts";
import { chooseGaps, forEachEntry, gapsOf, type Pricing } from "./gaps.ts";
import { concat } from "./split.ts";
import { BackwardBits, StateEncoder } from "./state-encoder.ts";
import { CodeTable, type Survey } from "./survey.ts";

/** How the tables of {@link encodeStatic} are made: for finite state coding, or as Deep Compression's Huffman codes. */
export type TableMaker = Pricing<Frequencies>;

const headOf = (symbols: number) => 8 * Math.sqrt(symbols);

export const finiteState: TableMaker = {
  headOf,
  tableOf(counts) {
    const used = counts.reduce((sum, count) => sum + Math.sign(count), 0);
    return nearest(counts, Math.max(Math.ceil(Math.log2(used)), used > 2048 ? 14 : 13));
  },
  gapBits: 10,
};

export const huffmanCodes: TableMaker = { tableOf: huffman, headOf, gapBits: 8 };

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
    values: tables.tableOf(values).frequencies,
    length: 0,
  };
  const entries = encodeEntries(words, sparse, head, { symbolOf, raw, shift: format.shift });
  const whole: Layout = { ...layout, count: sparse ? nonzero + (gaps?.fillers ?? 0) : words.length };
  const coder = encoderFor(survey);
  codeLayout(coder, whole, layout.view);
  if (coded) codeCodebook(coder, book.slice(), format);
  codeStaticHead(coder, { ...head, length: entries.length }, whole, type.width);
  return concat([coder.finishBeforeMore(), entries]);
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
