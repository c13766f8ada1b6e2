import {
  type BitCoder,
  codeLayout,
  codeScaled,
  codeScales,
  FURTHER,
  levelOf,
  NO_SCALES,
  SCALED,
  type Scaled,
} from "espalier-runtime/codec";
import { Cost } from "./cost.ts";
import { encoderFor } from "./encoder-for.ts";
import { MOST, stepsOf } from "./steps.ts";
import type { Survey } from "./survey.ts";

/** Bits of a float's magnitude behind the first. */
const MANTISSA = 23;

/**
 * The ways to see a tensor as small whole numbers: floats as multiples of scales, other words as they are or around their
 * most frequent one. There may be none.
 */
export function scaledWays(survey: Survey, dims: readonly number[]): readonly Scaled[] {
  return survey.type.float ? scaledFloats(survey, dims) : offsetWords(survey);
}

/** Encodes a tensor in the best of these ways. @returns the stream, and its numbers; undefined where there is no way */
export function encodeScaled(
  survey: Survey,
  ways: readonly Scaled[],
): { readonly stream: Uint8Array; readonly numbers: Int32Array } | undefined {
  const costs = ways.map((way) => {
    const cost = new Cost();
    if (ways.length > 1) code(cost, survey, way);
    return cost.bits;
  });
  const best = ways[costs.indexOf(Math.min(...costs))];
  if (!best) return undefined;
  const coder = encoderFor(survey);
  code(coder, survey, best);
  return { stream: coder.finish(), numbers: best.numbers };
}

function code(coder: BitCoder, { type }: Survey, way: Scaled): void {
  const { view } = type;
  codeLayout(coder, { method: FURTHER, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 }, view);
  coder.raw(SCALED, 2);
  codeScaled(coder, { ...way, numbers: way.numbers.slice() }, type);
}

function scaledFloats({ words, type }: Survey, dims: readonly number[]): Scaled[] {
  if (type.width !== 32) return [];
  return stepsOf(new Float32Array(words.buffer), dims).map(({ numbers, scales, inner }) => {
    const scaleWords = new Uint32Array(scales.buffer);
    const any = scaleWords.reduce((all, word) => all | word, 0);
    const shift = 31 - Math.clz32(any & -any);
    const way = { ...NO_SCALES, level: levelOfMean(numbers), numbers, scales: scaleWords, inner, shift };
    // The bits behind the first of a scale are noise, or else scales come again.
    const raw = Math.max(0, MANTISSA - shift);
    return costOfScales({ ...way, raw }) < costOfScales(way) ? { ...way, raw } : way;
  });
}

function costOfScales(way: Scaled): number {
  const cost = new Cost();
  codeScales(cost, way);
  return cost.bits;
}

/** Words as they are, or around the most frequent of them: whichever makes the smaller numbers. */
function offsetWords({ words, type: { width } }: Survey): Scaled[] {
  const half = 2 ** (width - 1);
  const numbersFrom = (offset: number): Scaled | undefined => {
    const numbers = Int32Array.from(words, (word) => ((word - offset + 3 * half) % (2 * half)) - half);
    if (numbers.some((number) => Math.abs(number) > MOST)) return undefined;
    return { ...NO_SCALES, level: levelOfMean(numbers), numbers, offset };
  };
  const ways = [0, mostFrequent(words)].flatMap((offset) => numbersFrom(offset) ?? []);
  return ways.sort((a, b) => a.level - b.level).slice(0, 1);
}

function mostFrequent(words: Uint32Array): number {
  const counts = new Map<number, number>();
  let most = words[0];
  for (const word of words) {
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    if (count > (counts.get(most) ?? 0)) most = word;
    if (counts.size > 2 * MOST) break;
  }
  return most;
}

function levelOfMean(numbers: Int32Array): number {
  return levelOf(numbers.reduce((sum, number) => sum + Math.abs(number), 0) / numbers.length);
}
