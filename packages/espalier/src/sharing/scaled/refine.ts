import type { Chain } from "./chain.ts";
import { cheapest, type Prices, type Row } from "./decide.ts";

/** Times that a row's codes are gone through: hardly any changes after so many. */
const MOST_PASSES = 4;

/**
 * Decides each code of a row again while all others stay, which costs less or as much each time, as long as one of them
 * changes: those that were decided first make up for those after them too (coordinate descent, as QuantEase does it:
 * Behdin et al., arXiv 2309.01885).
 * @param codes as they were decided, by column; written anew
 * @param freed the free weights, likewise
 */
export function refineRow(
  { second, ridge, order }: Chain,
  { wanted, scale, price, free }: Row,
  prices: Prices,
  codes: Int16Array,
  freed: Float64Array,
): void {
  const n = order.length;
  const bound = n - free;
  const errors = Float64Array.from({ length: n }, (_, j) =>
    j < bound ? wanted[j] - scale * codes[j] : wanted[j] - freed[j - bound],
  );
  // The moments times the errors: half the slope of the row's error.
  const slopes = Float64Array.from(errors, (error) => ridge * error);
  const spread = (j: number, error: number) => {
    const at = j * n;
    for (let i = 0; i < n; i++) slopes[i] += second[at + i] * error;
  };
  for (let j = 0; j < n; j++) if (errors[j] !== 0) spread(j, errors[j]);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let changes = 0;
    for (let j = 0; j < n; j++) {
      const own = second[j * n + j] + ridge;
      const target = wanted[j] - errors[j] + slopes[j] / own;
      let error = wanted[j] - target;
      if (j < bound) {
        const code = wanted[j] === 0 ? 0 : cheapest(target / scale, own * scale ** 2, price, prices);
        if (code === codes[j]) continue;
        codes[j] = code;
        error = wanted[j] - scale * code;
        changes++;
      } else freed[j - bound] = target;
      const change = error - errors[j];
      errors[j] = error;
      slopes[j] += ridge * change;
      spread(j, change);
    }
    if (changes === 0) return;
  }
}
