/** What symbols of some counts take, in bits, with a table made for them. */
export interface Priced {
  readonly bits: number;
}

/** Makes tables of symbols. */
export interface Pricing<Table extends Priced> {
  tableOf(counts: Float64Array): Table;
  /** About what the table of so many symbols takes itself, in bits. */
  headOf(symbols: number): number;
  /** The most bits of a gap. */
  readonly gapBits: number;
}

/** How the places of the words that are not zero are told. */
export interface Gaps<Table extends Priced> {
  /** Bits that a gap has without a table. */
  readonly width: number;
  readonly table: Table;
  /** Entries that are zero, where a gap is too long for its bits. */
  readonly fillers: number;
}

/** Visits every word, or those that are not zero. */
export function forEachEntry(words: Uint32Array, sparse: boolean, visit: (t: number) => void): void {
  for (let t = 0; t < words.length; t++) if (!sparse || words[t] !== 0) visit(t);
}

/** How often each gap comes before a word that is not zero. */
export function gapsOf(words: Uint32Array): Map<number, number> {
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

/**
 * Chooses how many bits a gap has: fewer need more fillers, each an entry that is zero (Deep Compression, arXiv
 * 1510.00149, figure 2).
 * @param values how often each value occurs, zero first
 * @param raw bits of an entry beside those of its value's symbol
 */
export function chooseGaps<Table extends Priced>(
  gaps: ReadonlyMap<number, number>,
  values: Float64Array,
  raw: number,
  { tableOf, headOf, gapBits }: Pricing<Table>,
): Gaps<Table> {
  let best: (Gaps<Table> & { readonly cost: number }) | undefined;
  for (let width = 1; width <= gapBits; width++) {
    const counts = new Float64Array(1 << width);
    let fillers = 0;
    for (const [gap, count] of gaps) {
      const over = Math.floor(gap / counts.length);
      counts[gap % counts.length] += count;
      counts[counts.length - 1] += over * count;
      fillers += over * count;
    }
    if (gaps.size === 0) counts[0] = 1;
    const table = tableOf(counts);
    const withFillers = values.slice();
    withFillers[0] += gaps.size === 0 ? 1 : fillers;
    const cost = table.bits + tableOf(withFillers).bits + raw * fillers + headOf(counts.length);
    if (!best || cost < best.cost) best = { width, table, fillers, cost };
  }
  if (!best) throw new Error("No number of bits was tried.");
  return best;
}
