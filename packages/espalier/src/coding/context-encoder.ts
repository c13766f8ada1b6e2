import {
  type BitCoder,
  CONTEXT,
  codeCodebook,
  codeInContexts,
  codeLayout,
  type Layout,
  type View,
} from "espalier-runtime/codec";
import { Cost } from "./cost.ts";
import { encoderFor } from "./encoder-for.ts";
import { CodeTable, type Survey } from "./survey.ts";

/** How many low bits are tried as raw ones, where words are coded as they are. */
const RAW_BITS = [0, 4, 7, 8, 12, 14, 16, 18, 20, 21, 22, 23];
/** Above so many words the first guesses are taken. */
const TRIED = 2 ** 20;

/** The raw bits are chosen by so many words. */
const SAMPLED = 2 ** 12;
/** Of more words not all choices are tried. */
const FEW = 2 ** 9;
const FEWER_RAW_BITS = [0, 8, 12, 14, 16, 20];
const NO_BOOK: Uint32Array = new Uint32Array(0);

/** A way to code a tensor in contexts: its layout, with what the elements are in it. */
interface Candidate {
  readonly layout: Layout;
  readonly book: Uint32Array;
}

/**
 * Encodes a tensor in contexts, in the best of several layouts.
 * @param activity how alive the units behind the columns are
 * @param rows of the tensors before, of which a row may be a unit that a kernel here reads
 */
export function encodeInContexts(survey: Survey, activity: Uint8Array, rows: readonly number[]): Uint8Array {
  const { words, nonzero, distinct, format, type } = survey;
  const { view } = type;
  const sparse = nonzero < words.length;
  const base = { method: CONTEXT, view, sparse, count: nonzero, shift: format.shift, entries: 0, raw: 0 };
  const candidates: Candidate[] = [];
  if (distinct && distinct.length > 0)
    candidates.push({ layout: { ...base, entries: distinct.length }, book: distinct });
  if (!distinct || 4 * distinct.length >= nonzero) {
    const most = type.width - format.shift;
    const guess = type.float ? Math.max(0, most - 10) : 0;
    const raw = words.length > TRIED ? guess : bestRaw(survey, base, activity);
    candidates.push({ layout: { ...base, raw }, book: NO_BOOK });
  }
  const cheapest = (given: readonly Candidate[]) =>
    given.length === 1 ? given[0] : given.reduce(cheaper(survey, activity));
  const first = cheapest(candidates);
  // Dense words as they are do not see where they lie.
  const views = words.length > TRIED || (!sparse && first.book.length === 0) ? [] : imageViews(view, rows);
  const best = cheapest([first, ...views.map((image) => ({ ...first, layout: { ...first.layout, view: image } }))]);
  const coder = encoderFor(survey);
  code(coder, survey, best, activity);
  return coder.finish();
}

/** How many low bits are best raw, by the first rows of a tensor. */
function bestRaw(survey: Survey, base: Layout, activity: Uint8Array): number {
  const { words, type, format } = survey;
  const columns = words.length / base.view.rows;
  const rows = Math.min(base.view.rows, Math.ceil(SAMPLED / columns));
  // A vector is a row of single channels.
  const channels = base.view.rows === 1 && base.view.kernel === 1 ? Math.min(SAMPLED, columns) : base.view.channels;
  const view = { ...base.view, rows, channels };
  const part = words.subarray(0, rows * channels * view.kernel);
  const sample = { ...survey, words: part, type: { ...type, view } };
  const count = part.reduce((sum, word) => sum + (word === 0 ? 0 : 1), 0);
  const raws = (words.length > FEW ? FEWER_RAW_BITS : RAW_BITS).filter((raw) => raw <= type.width - format.shift);
  const tried = raws.map((raw): Candidate => ({ layout: { ...base, view, count, raw }, book: NO_BOOK }));
  return tried.reduce(cheaper(sample, activity)).layout.raw;
}

function cheaper(survey: Survey, activity: Uint8Array) {
  const costs = new Map<Candidate, number>();
  const costOf = (candidate: Candidate) => {
    const known = costs.get(candidate);
    if (known !== undefined) return known;
    const cost = new Cost();
    code(cost, survey, candidate, activity);
    costs.set(candidate, cost.bits);
    return cost.bits;
  };
  return (a: Candidate, b: Candidate) => (costOf(b) < costOf(a) ? b : a);
}

function code(
  coder: BitCoder,
  { words, type, format }: Survey,
  { layout, book }: Candidate,
  activity: Uint8Array,
): void {
  codeLayout(coder, layout, type.view);
  if (book.length > 0) codeCodebook(coder, book.slice(), format);
  const codes = CodeTable.of(book);
  const elements = book.length > 0 ? words.map((word) => (word === 0 ? 0 : codes.code(word))) : words.slice();
  codeInContexts(coder, elements, layout, format, book, activity);
}

/** Views of a matrix as square images, of channels that are the rows of a tensor before, or 1 or 3. */
function imageViews({ rows, channels: columns, kernel }: View, rowsBefore: readonly number[]): View[] {
  if (kernel > 1 || rows < 2) return [];
  return [...new Set([1, 3, ...rowsBefore])].flatMap((channels) => {
    const side = Math.sqrt(columns / channels);
    return Number.isInteger(side) && side > 1 && side <= 64
      ? [{ rows, channels, kernel: side * side, width: side }]
      : [];
  });
}
