import { MOST_IN_CONTEXTS, type Scaled, wordsOf } from "espalier-runtime/codec";
import type { Method } from "./encode-tensor.ts";
import { type Link, Links } from "./links.ts";
import { scaledWays } from "./scaled-encoder.ts";
import type { Taken } from "./split.ts";
import { type Survey, survey } from "./survey.ts";

/** What is known of a tensor by itself, and the ways to see it as small whole numbers. */
export interface Known {
  readonly survey: Survey;
  readonly ways: readonly Scaled[];
}

/**
 * Decoding in contexts takes about so long for each word, and for each that is not zero: less with a codebook or as small
 * numbers than without. With tables it takes no time.
 */
const SECONDS_PER_PLACE = 0.1e-6;
const SECONDS_PER_CODE = 0.4e-6;
const SECONDS_PER_WORD = 1e-6;
/** A network may take so long to decode, or the time of its bytes at this speed, whichever is more. */
const LEAST_SECONDS = 0.5;
const BYTES_PER_SECOND = 1e9;
/** The same where words are small numbers or follow from others, for which tables make much larger files. */
const LEAST_SECONDS_FURTHER = 3;
const FURTHER_BYTES_PER_SECOND = 1e8;

/** What is known of tensors of up to so many words is kept: it takes twice their memory and more. */
const REMEMBERED = 2 ** 20;

/** How tensors are coded, by their places. */
export interface Plan {
  readonly methods: readonly Method[];
  /** What words follow from, where it is worth a try. */
  readonly links: readonly (Link | undefined)[];
  /** Tensors to which the links of those in contexts lead. */
  readonly kept: ReadonlySet<number>;
  /** What is known of tensors, but for large ones. */
  readonly known: readonly (Known | undefined)[];
}

/** Which tensors are coded in contexts: all, but for the largest of a network that would take too long to decode. */
export function planFor(tensors: readonly Taken[], bytes: number, version: number): Plan {
  const most = Math.max(LEAST_SECONDS, bytes / BYTES_PER_SECOND);
  const mostFurther = Math.max(LEAST_SECONDS_FURTHER, bytes / FURTHER_BYTES_PER_SECOND);
  const all = new Links();
  const links: (Link | undefined)[] = [];
  const known: (Known | undefined)[] = [];
  const times = tensors.map((tensor, i) => {
    const { survey, ways } = lookAt(tensor, version);
    const { words, nonzero, distinct } = survey;
    const link = version < 2 ? undefined : all.add(i, survey);
    links.push(link?.worth ? link : undefined);
    known.push(words.length > REMEMBERED ? undefined : { survey, ways });
    if (words.length > MOST_IN_CONTEXTS) return { seconds: Number.POSITIVE_INFINITY, most };
    if (link?.worth) return { seconds: words.length * SECONDS_PER_WORD, most: mostFurther };
    const scaled = ways.length > 0;
    const each = scaled || distinct ? SECONDS_PER_CODE : SECONDS_PER_WORD;
    const seconds = words.length * SECONDS_PER_PLACE + nonzero * each;
    // Without a codebook there is nothing but contexts for small numbers.
    return { seconds, most: scaled ? (distinct ? mostFurther : Number.POSITIVE_INFINITY) : most };
  });
  const methods = tensors.map((): Method => "static");
  const slowest = tensors.map((_, i) => i).sort((a, b) => times[b].seconds - times[a].seconds);
  let total = 0;
  for (const i of slowest.reverse()) {
    if (total + times[i].seconds > times[i].most) continue;
    total += times[i].seconds;
    methods[i] = "context";
  }
  const kept = links.flatMap((link, i) => (methods[i] === "context" ? (link?.references ?? []) : []));
  return { methods, links, kept: new Set(kept.flatMap(({ to }) => to ?? [])), known };
}

/** Looks at a tensor as it is to be coded in contexts. @param version the newest that may be written */
export function lookAt(tensor: Taken, version: number): Known {
  const known = surveyOf(tensor);
  return { survey: known, ways: version < 2 ? [] : scaledWays(known, tensor.dims) };
}

export function surveyOf(tensor: Taken): Survey {
  const words = wordsOf(tensor);
  if (!words) throw new Error(`The tensor "${tensor.name}" has no words.`);
  return survey(tensor.bytes, words);
}
