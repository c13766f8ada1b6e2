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
import { RangeEncoder } from "./range-encoder.ts";
import { CodeTable, type Survey } from "./survey.ts";

/** How many low bits are tried as raw ones, where words are coded as they are. */
const RAW_BITS = [0, 4, 7, 8, 12, 14, 16, 18, 20, 21, 22, 23];
/** Above so many words the first guesses are taken. */
const TRIED = 2 ** 20;

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
  const none = new Uint32Array(0);
  const candidates: Candidate[] = [];
  if (distinct && distinct.length > 0)
    candidates.push({ layout: { ...base, entries: distinct.length }, book: distinct });
  if (!distinct || 4 * distinct.length >= nonzero) {
    const most = type.width - format.shift;
    const guess = type.float ? Math.max(0, most - 10) : 0;
    const raws = words.length > TRIED ? [guess] : RAW_BITS.filter((raw) => raw <= most);
    for (const raw of raws) candidates.push({ layout: { ...base, raw }, book: none });
  }
  const cheapest = (given: readonly Candidate[]) =>
    given.length === 1 ? given[0] : given.reduce(cheaper(survey, activity));
  const first = cheapest(candidates);
  const views = words.length > TRIED ? [] : imageViews(view, rows);
  const best = cheapest([first, ...views.map((image) => ({ ...first, layout: { ...first.layout, view: image } }))]);
  const coder = new RangeEncoder();
  code(coder, survey, best, activity);
  return coder.finish();
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
