/** A network that was tried: how small and how far the same. */
export interface CurvePoint {
  /** What a bit more for every weight may cost in squared distance of the outputs. */
  readonly lambda: number;
  /** Epochs of imitation behind it. */
  readonly epochs: number;
  /** About what the scaled tensors take in a file. */
  readonly bytes: number;
  /** On the validation split, percent. */
  readonly fidelity: number;
  readonly accepted: boolean;
}

/** Where the walk begins, its first steps, and the least step that still matters: about 2% of the size. */
const FIRST = 0.1;
const STEP = 4;
const LEAST_STEP = 1.15;
/** Beyond these, nothing more is saved, or nothing is left. */
const LEAST = 1e-6;
const MOST = 1e4;

/**
 * Looks for the highest price of a bit at which a network is still good enough: up while it is, or down until it is;
 * then between the two.
 * @param attempt returns true if the network of that price is good enough
 * @returns the highest price that was, and the lowest that was not; undefined where there was none
 */
export async function walk(attempt: (lambda: number) => Promise<boolean>): Promise<{
  readonly accepted?: number;
  readonly refused?: number;
}> {
  let accepted: number | undefined;
  let refused: number | undefined;
  for (let next = FIRST; next >= LEAST && next <= MOST; ) {
    if (await attempt(next)) accepted = next;
    else refused = next;
    if (accepted === undefined) next /= STEP;
    else if (refused === undefined) next *= STEP;
    else if (refused / accepted <= LEAST_STEP) break;
    else next = Math.sqrt(refused * accepted);
  }
  return { accepted, refused };
}
