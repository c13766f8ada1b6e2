/** The standard deviation of the weights that are not zero, so of the connections that are still there. */
export function standardDeviation(weights: Float32Array): number {
  let count = 0;
  let sum = 0;
  for (const w of weights) {
    if (w === 0) continue;
    count++;
    sum += w;
  }
  if (count === 0) return 0;
  const mean = sum / count;
  let squares = 0;
  for (const w of weights) if (w !== 0) squares += (w - mean) ** 2;
  return Math.sqrt(squares / count);
}

/**
 * The magnitude above which the `kept` largest weights lie: fewer where others have that magnitude itself.
 *
 * Bits of positive floats sort as the floats do, so the magnitude is found digit by digit: first its upper 16 bits by
 * counting, then its lower 16 among the weights that share the upper ones. Two passes, whatever the size.
 */
export function magnitudeAbove(weights: Float32Array, kept: number): number {
  if (kept >= weights.length) return 0;
  const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  const upper = new Uint32Array(0x8000);
  for (const b of bits) upper[(b & 0x7fffffff) >>> 16]++;
  const { digit: high, left } = digitHolding(upper, kept);
  const lower = new Uint32Array(0x10000);
  for (const b of bits) if ((b & 0x7fffffff) >>> 16 === high) lower[b & 0xffff]++;
  const { digit: low } = digitHolding(lower, left);
  return new Float32Array(Uint32Array.of((high << 16) | low).buffer)[0];
}

/** Counting down from the largest digit: the one in which the item of rank `rank` (from 0) lies, and its rank there. */
function digitHolding(counts: Uint32Array, rank: number): { digit: number; left: number } {
  let left = rank;
  for (let digit = counts.length - 1; digit >= 0; digit--) {
    if (left < counts[digit]) return { digit, left };
    left -= counts[digit];
  }
  return { digit: 0, left: 0 };
}
