/** A network that was trained at a price of a bit. */
export interface RateTrial {
  /** What a bit costs in the loss of the task. */
  readonly lambda: number;
  /** Of its whole file. */
  readonly bytes: number;
  /** The part of the parameters that are not zero. */
  readonly density: number;
  /** The measure on the validation split. */
  readonly validation: number;
  /** Whether that is within the limit. */
  readonly accepted: boolean;
}

/** What is trained next: at which price, and from which trial's network; undefined: the network as it came. */
export interface NextTrial {
  readonly lambda: number;
  readonly from: number | undefined;
}

/** By what the price of a bit is multiplied as long as networks are good enough, */
const UP = 2;
/** and divided as long as none is. */
const DOWN = 4;
/** What is lost between two prices of this ratio does not matter. */
const LEAST_STEP = 1.2;
/** How far below the first price none is tried. */
const LOWEST = DOWN ** -4;
/** Beyond so many trials that were good enough, nothing is left of a network. */
const MOST = 24;

/**
 * Looks for the highest price of a bit at which a network is still good enough. Each goes on from the one before, as long
 * as that was; then from the last that was, at prices between it and the first that was not. The same trials lead to the
 * same next one, so that a walk can be gone on with.
 */
export function nextTrial(trials: readonly RateTrial[], first: number): NextTrial | undefined {
  const good = trials.flatMap(({ lambda, accepted }, i) => (accepted ? [{ lambda, i }] : []));
  const low = good.reduce((best, one) => (one.lambda > best.lambda ? one : best), { lambda: 0, i: -1 });
  const high = trials.reduce(
    (least, { lambda, accepted }) => (accepted ? least : Math.min(least, lambda)),
    Number.POSITIVE_INFINITY,
  );
  if (trials.length === 0) return { lambda: first, from: undefined };
  if (low.i < 0) return high / DOWN < first * LOWEST ? undefined : { lambda: high / DOWN, from: undefined };
  if (high === Number.POSITIVE_INFINITY) {
    return good.length < MOST ? { lambda: UP * low.lambda, from: low.i } : undefined;
  }
  return high / low.lambda > LEAST_STEP ? { lambda: Math.sqrt(low.lambda * high), from: low.i } : undefined;
}

/** The smallest of those that are good enough; undefined where none is. */
export function smallestOf(trials: readonly RateTrial[]): number | undefined {
  const good = trials.flatMap(({ accepted, bytes }, i) => (accepted ? [{ bytes, i }] : []));
  return good.length === 0 ? undefined : good.reduce((best, one) => (one.bytes < best.bytes ? one : best)).i;
}
