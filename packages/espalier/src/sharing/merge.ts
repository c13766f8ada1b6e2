import type { Entry } from "./entropy.ts";

/** Bits that a value takes in the codebook. */
const VALUE_BITS = 32;

/**
 * Merges neighbouring values of a codebook for as long as what it saves, in bits of codes and of values, is worth the
 * error that it adds. What is merged with zero becomes zero.
 * @param entries by ascending value
 * @param total elements of the tensor
 * @param lambda what a bit may cost in squared error
 */
export function mergeValues(entries: readonly Entry[], total: number, lambda: number): Entry[] {
  const merged = [...entries];
  for (;;) {
    const gains = merged.slice(1).map((b, i) => gain(merged[i], b, total, lambda));
    const most = Math.max(...gains);
    if (!(most > 0)) return merged;
    const at = gains.indexOf(most);
    merged.splice(at, 2, merge(merged[at], merged[at + 1]));
  }
}

function gain(a: Entry, b: Entry, total: number, lambda: number): number {
  const both = merge(a, b);
  const saved = bits(a, total) + bits(b, total) - bits(both, total) + VALUE_BITS;
  return lambda * saved - a.mass * (a.value - both.value) ** 2 - b.mass * (b.value - both.value) ** 2;
}

/** What an entry's elements take. */
function bits({ count }: Entry, total: number): number {
  return count === 0 ? 0 : -count * Math.log2(count / total);
}

function merge(a: Entry, b: Entry): Entry {
  const mass = a.mass + b.mass;
  const mean = mass === 0 ? a.value : (a.mass * a.value + b.mass * b.value) / mass;
  const value = a.value === 0 || b.value === 0 ? 0 : Math.fround(mean);
  return { value, count: a.count + b.count, mass };
}
