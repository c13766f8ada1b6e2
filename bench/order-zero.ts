/** The order-0 entropy of a tensor, in bytes: what a code takes that knows how often, and nothing of where. */
export interface OrderZero {
  /** Of the places that are not zero among all. */
  readonly positions: number;
  /** Of the values that are not zero. */
  readonly codes: number;
}

/** The order-0 entropy of the places and the values of a tensor's elements that are not zero. */
export function orderZero(elements: Float32Array): OrderZero {
  const counts = new Map<number, number>();
  let nonzero = 0;
  for (let i = 0; i < elements.length; i++) {
    const value = elements[i];
    if (value === 0) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    nonzero++;
  }
  return {
    positions: entropy([nonzero, elements.length - nonzero]) / 8,
    codes: entropy(counts.values()) / 8,
  };
}

/** Shannon's entropy of a source with these counts, times their sum: the sum of c log2(n / c), in bits. */
function entropy(counts: Iterable<number>): number {
  const all = [...counts].filter((count) => count > 0);
  const sum = all.reduce((total, count) => total + count, 0);
  return all.reduce((bits, count) => bits + count * Math.log2(sum / count), 0);
}
