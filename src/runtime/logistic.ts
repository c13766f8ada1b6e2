/** The logistic domain: ln(p / (1 - p)) in steps of 1/256, as whole numbers, so that every machine has the same. */

const LIMIT = 2816;

/** 65536 / (1 + e^(-x / 256)) for x from -2816 to 2815, rounded. */
const squashed = Uint16Array.from({ length: 2 * LIMIT }, (_, i) =>
  Math.round(65536 / (1 + Math.exp((LIMIT - i) / 256))),
);

/** 256 ln(p / (1 - p)) at p = (i + 1/2) / 4096, rounded. */
export const stretched = Int16Array.from({ length: 4096 }, (_, i) =>
  Math.round(256 * Math.log((i + 0.5) / (4095.5 - i))),
);

/** The probability behind a value of the logistic domain, in 1/65536, from 1 to 65535. */
export function squash(x: number): number {
  const i = x + LIMIT;
  return squashed[i < 0 ? 0 : i < 2 * LIMIT ? i : 2 * LIMIT - 1];
}
