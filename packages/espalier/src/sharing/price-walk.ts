/** Where a walk begins, its first steps, the least that still matters, and beyond what it does not go. */
export interface PriceRange {
  readonly first: number;
  /** By what a price is multiplied or divided at first. */
  readonly step: number;
  /** What is lost between two prices of this ratio does not matter. */
  readonly leastStep: number;
  /** Below, nothing more is gained. */
  readonly least: number;
  /** Above, nothing is left. */
  readonly most: number;
}

/**
 * Looks for the highest price of a bit at which a network is still good enough: up while it is, or down until it is;
 * then between the two. The last that was good enough is the highest.
 * @param attempt returns true if the network of that price is good enough
 */
export async function walkPrices(
  attempt: (price: number) => Promise<boolean>,
  { first, step, leastStep, least, most }: PriceRange,
): Promise<void> {
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  for (let next = first; next >= least && next <= most && high / low > leastStep; ) {
    if (await attempt(next)) low = next;
    else high = next;
    if (low === 0) next = high / step;
    else next = high === Number.POSITIVE_INFINITY ? low * step : Math.sqrt(low * high);
  }
}
