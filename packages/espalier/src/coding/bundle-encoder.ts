import {
  Bundle,
  type Bundled,
  DISTANCES,
  densityLevel,
  ENTRIES,
  NOTHING,
  rankOf,
  SCALES,
  type Scaled,
  WORDS,
  type WordType,
} from "espalier-runtime/codec";
import { bestRaw } from "./context-encoder.ts";
import { Cost } from "./cost.ts";
import { imageViews } from "./image-views.ts";
import type { Survey } from "./survey.ts";

/** Codebooks of more entries are not tried: their codes are no small numbers. */
const LARGEST_CODEBOOK = 512;
/** Ways and views are compared on the first rows, of so many words. */
const COMPARED = 2 ** 15;

/** A way to code a tensor in a bundle, and about how many bits it takes. */
export interface Way {
  readonly bundled: Bundled;
  readonly bits: number;
}

/** Of more words as they are nothing is learnt that serves another tensor. */
const FEW_WORDS = 2 ** 10;

/**
 * The best way to code a tensor in a bundle, by what each takes alone; undefined where a bundle is of no use.
 * @param scaled the ways to see it as small whole numbers
 * @param rows of the tensors before, of which a row may be a unit that a kernel here reads
 */
export function bestWay(survey: Survey, scaled: readonly Scaled[], rows: readonly number[]): Way | undefined {
  const { type } = survey;
  const ways = waysOf(survey, scaled);
  if (ways.length === 0) return undefined;
  const way = ways.length > 1 ? cheapest(ways, type) : ways[0];
  const views = imageViews(type.view, rows).map((view): Bundled => ({ ...way, view }));
  const bundled = views.length > 0 ? cheapest([way, ...views], type) : way;
  return { bundled, bits: bitsOf(bundled, type) };
}

/** The cheapest of several ways, by their first rows. */
function cheapest(ways: readonly Bundled[], type: WordType): Bundled {
  const { rows, channels, kernel } = type.view;
  const columns = channels * kernel;
  const some = Math.min(rows, Math.ceil(COMPARED / columns));
  const costs = ways.map((way) => {
    const { numbers, view } = way;
    // Scales take as much in any view, and other ways are those of few.
    const scales = some < rows ? way.scales.subarray(0, 1) : way.scales;
    const inner = some < rows ? 1 : way.inner;
    const first = {
      ...way,
      numbers: numbers.subarray(0, some * columns),
      view: { ...view, rows: some },
      scales,
      inner,
    };
    return bitsOf(first, { ...type, view: { ...type.view, rows: some } });
  });
  return ways[costs.indexOf(Math.min(...costs))];
}

function bitsOf(bundled: Bundled, type: WordType): number {
  const cost = new Cost();
  new Bundle().code(cost, type, copyOf(bundled));
  return cost.bits;
}

/** The same, to be coded: a coder writes into what it is given. */
export function copyOf(bundled: Bundled): Bundled {
  return { ...bundled, numbers: bundled.numbers.slice(), book: bundled.book.slice() };
}

function waysOf(survey: Survey, scaled: readonly Scaled[]): Bundled[] {
  const { words, type, nonzero, distinct, format } = survey;
  const { view, float } = type;
  const level = densityLevel(nonzero / words.length);
  const numbered = scaled.map(
    (way): Bundled => ({
      ...NOTHING,
      ...way,
      kind: float ? SCALES : DISTANCES,
      view,
      level: float ? level : levelOf(way.numbers),
    }),
  );
  const book = distinct && distinct.length > 0 && distinct.length <= LARGEST_CODEBOOK ? [distinct] : [];
  const entries = book.map((book): Bundled => {
    const numbers = numbersIn(words, book, rankOf(0, format), (word) => rankOf(word, format));
    return { ...NOTHING, kind: ENTRIES, view, level, numbers, book, shift: format.shift };
  });
  // Small numbers are hardly better coded as words.
  if (numbered.length > 0 || (distinct && 4 * distinct.length < nonzero)) return [...numbered, ...entries];
  if (words.length > FEW_WORDS) return entries;
  const raw = bestRaw(survey);
  return [
    ...entries,
    { ...NOTHING, kind: WORDS, view, level, numbers: new Int32Array(words.slice().buffer), shift: format.shift, raw },
  ];
}

/** The place of each word in a codebook, counted from the word 0. */
function numbersIn(words: Uint32Array, book: Uint32Array, zero: number, rank: (word: number) => number): Int32Array {
  const negative = book.filter((word) => rank(word) < zero).length;
  const places = new Map([...book].map((word, i) => [word, i < negative ? i - negative : i - negative + 1]));
  return Int32Array.from(words, (word) => places.get(word) ?? 0);
}

function levelOf(numbers: Int32Array): number {
  return densityLevel(numbers.reduce((count, number) => count + (number === 0 ? 0 : 1), 0) / numbers.length);
}
