import type { LeastSquares, Shape } from "../../reconstruction/least-squares.ts";
import { largest } from "../mask.ts";

/** Fitted weights with so many connections. */
export interface Cut {
  /** Connections that are left; a bias is none. */
  readonly kept: number;
  readonly weights: Float32Array;
}

/** The most that a step leaves of the connections before it: cut little by little, errors are a third smaller. */
const STEP = 0.85;
/** Of conjugate gradients, after which errors hardly fall. */
const ITERATIONS = 10;
const LAST_ITERATIONS = 25;

/**
 * Cuts connections step by step down to numbers that fall, fitting the others after each step.
 *
 * What goes first is what raises the error least when it alone becomes zero, w^2 E[x^2] / 2 with E[x^2] the diagonal of
 * the least squares (Optimal Brain Damage, LeCun et al., NIPS 1989, of the layer's own error, whose Hessian is E[x x']).
 * A connection that is zero stays cut.
 * @param fixed columns at the end of each row that are not connections: the bias
 * @yields the weights at each of the numbers
 */
export async function* cutTo(
  numbers: readonly number[],
  squares: LeastSquares,
  shape: Shape,
  whole: Float32Array,
  fixed: number,
): AsyncGenerator<Cut> {
  let mask: Uint8Array = Uint8Array.from(whole, (w, i) => (w !== 0 || isFixed(i, shape, fixed) ? 1 : 0));
  let weights = whole;
  let kept = countConnections(mask, shape, fixed);
  for (const number of numbers) {
    const begin = kept;
    // To nothing it would go for ever.
    const part = Math.max(1, number) / begin;
    const steps = Math.max(1, Math.ceil(Math.log(part) / Math.log(STEP)));
    for (let step = 1; step <= steps; step++) {
      const left = step === steps ? number : Math.round(begin * part ** (step / steps));
      if (left < kept) mask = keepLargest(left, weights, mask, squares.diagonal, shape, fixed);
      const start = weights.map((w, i) => (mask[i] === 0 ? 0 : w));
      weights = await squares.fit(mask, start, step === steps ? LAST_ITERATIONS : ITERATIONS);
      kept = countConnections(mask, shape, fixed);
    }
    yield { kept, weights };
  }
}

function keepLargest(
  count: number,
  weights: Float32Array,
  mask: Uint8Array,
  diagonal: Float32Array,
  shape: Shape,
  fixed: number,
): Uint8Array {
  const perGroup = shape.rows * shape.columns;
  const scores = weights.map((w, i) => {
    if (mask[i] === 0 || isFixed(i, shape, fixed)) return 0;
    return w * w * diagonal[Math.floor(i / perGroup) * shape.columns + (i % shape.columns)];
  });
  return largest(scores, count).map((kept, i) => (kept === 1 || isFixed(i, shape, fixed) ? 1 : 0));
}

function isFixed(i: number, { columns }: Shape, fixed: number): boolean {
  return i % columns >= columns - fixed;
}

function countConnections(mask: Uint8Array, shape: Shape, fixed: number): number {
  return mask.reduce((count, kept, i) => count + (isFixed(i, shape, fixed) ? 0 : kept), 0);
}
