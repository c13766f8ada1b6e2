import {
  type BitGroup,
  BitGroupModel,
  bitGroups,
  CONTEXT,
  codeCodebook,
  codeInContexts,
  codeLayout,
  type Layout,
} from "espalier-runtime/codec";
import { Cost } from "./cost.ts";
import { encoderFor } from "./encoder-for.ts";
import { imageViews } from "./image-views.ts";
import { CodeTable, type Survey } from "./survey.ts";

/** How many low bits are tried as raw ones, where words are coded as they are: the most first. */
const RAW_BITS = [23, 22, 21, 20, 18, 16, 14, 12, 8, 7, 4, 0];
/** Above so many words the first guesses are taken. */
const TRIED = 2 ** 20;

/** The raw bits are chosen by so many words. */
const SAMPLED = 2 ** 12;
/** Of more words not all choices are tried. */
const FEW = 2 ** 9;
const FEWER_RAW_BITS = [20, 16, 14, 12, 8, 0];
/** After so many that are worse than the best, no others are: what lies below noise is noise. */
const WORSE = 2;
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
    const guess = type.float ? Math.max(0, type.width - format.shift - 10) : 0;
    const raw = words.length > TRIED ? guess : bestRaw(survey);
    candidates.push({ layout: { ...base, raw }, book: NO_BOOK });
  }
  const encoded = (candidate: Candidate) => ({ ...candidate, stream: encode(survey, candidate, activity) });
  const first = smallest(candidates.map(encoded));
  // Dense words as they are do not see where they lie.
  const views = words.length > TRIED || (!sparse && first.book.length === 0) ? [] : imageViews(view, rows);
  const others = views.map((image) => encoded({ ...first, layout: { ...first.layout, view: image } }));
  return smallest([first, ...others]).stream;
}

function smallest<T extends { readonly stream: Uint8Array }>(all: readonly T[]): T {
  return all.reduce((a, b) => (b.stream.length < a.stream.length ? b : a));
}

/** How many low bits are best raw, by the first words of a tensor that are not zero. */
export function bestRaw({ words, format }: Survey): number {
  const sample = words.subarray(0, SAMPLED).filter((word) => word !== 0);
  const raws = (words.length > FEW ? FEWER_RAW_BITS : RAW_BITS).filter((raw) => raw <= format.width - format.shift);
  // Choices have groups in common.
  const costs = new Map<string, number>();
  const costOf = (group: BitGroup) => {
    const key = `${group.at} ${group.bits}`;
    const cost = costs.get(key) ?? costOfGroup(sample, group);
    costs.set(key, cost);
    return cost;
  };
  let best = { raw: 0, bits: Number.POSITIVE_INFINITY };
  let worse = 0;
  for (const raw of raws) {
    const bits = bitGroups(format, raw).reduce((sum, group) => sum + costOf(group), raw * sample.length);
    if (bits <= best.bits) best = { raw, bits };
    else worse++;
    if (worse === WORSE && words.length > FEW) break;
  }
  return best.raw;
}

function costOfGroup(words: Uint32Array, group: BitGroup): number {
  const { at, bits, above } = group;
  const cost = new Cost();
  const model = new BitGroupModel(group);
  for (const word of words) model.code(cost, word, above > 0 ? (word >>> (at + bits)) & ((1 << above) - 1) : 0);
  return cost.bits;
}

function encode(survey: Survey, { layout, book }: Candidate, activity: Uint8Array): Uint8Array {
  const { words, type, format } = survey;
  const coder = encoderFor(survey);
  codeLayout(coder, layout, type.view);
  if (book.length > 0) codeCodebook(coder, book.slice(), format);
  codeInContexts(coder, elementsIn(words, book), layout, format, book, activity);
  return coder.finish();
}

/** Codes from 1 where there is a codebook, else the words. */
function elementsIn(words: Uint32Array, book: Uint32Array): Uint32Array {
  if (book.length === 0) return words.slice();
  const codes = CodeTable.of(book);
  return words.map((word) => (word === 0 ? 0 : codes.code(word)));
}
