/**
 * The logistic domain: ln(p / (1 - p)) in steps of 1/256, as whole numbers, so that every machine has the same.
 *
 * Engines may differ in the last bits of `Math.exp` and `Math.log`, so both are made of sums, products and quotients
 * here, which are the same everywhere. No number that is rounded lies within 0.00009 of a half.
 */

const LIMIT = 2816;

/** e^(1/256). */
const GROWTH = 1.0039138893383475;

/** 65536 / (1 + e^(-x / 256)) for x from -2816 to 2815, rounded. */
const squashed = new Uint16Array(2 * LIMIT);
for (let x = 0, power = 1; x <= LIMIT; x++, power *= GROWTH) {
  if (x < LIMIT) squashed[LIMIT + x] = Math.round(65536 / (1 + 1 / power));
  squashed[LIMIT - x] = Math.round(65536 / (1 + power));
}

/** ln(2 i + 1), by ln(2 i + 1) - ln(2 i - 1) = 2 (z + z^3 / 3 + z^5 / 5 + ...) at z = 1 / (2 i). */
const logarithms = new Float64Array(4096);
for (let i = 1; i < 4096; i++) {
  let half = 0;
  for (let k = 1, power = 1 / (2 * i); power > 1e-18; k += 2, power /= 4 * i * i) half += power / k;
  logarithms[i] = logarithms[i - 1] + 2 * half;
}

/** 256 ln(p / (1 - p)) at p = (i + 1/2) / 4096, rounded. */
export const stretched = Int16Array.from({ length: 4096 }, (_, i) =>
  Math.round(256 * (logarithms[i] - logarithms[4095 - i])),
);

/** The probability behind a value of the logistic domain, in 1/65536, from 1 to 65535. */
export function squash(x: number): number {
  const i = x + LIMIT;
  return squashed[i < 0 ? 0 : i < 2 * LIMIT ? i : 2 * LIMIT - 1];
}
