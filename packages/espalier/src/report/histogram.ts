/** How many values lie in each of some equal bins: bin i holds those from edges[i] up to edges[i + 1]. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Counts values into bins over a range. Exact zeros are left out: they are connections that were cut. */
export function histogram(values: Float32Array, bins: number, [low, high]: readonly [number, number]): Histogram {
  const width = (high - low) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    if (value === 0 || value < low || value > high) continue;
    counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), counts };
}
