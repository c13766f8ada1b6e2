import { LARGEST_LOG } from "espalier-runtime/codec";

/** Frequencies for a table of finite state coding, and the bits that symbols of these counts take with them. */
export interface Frequencies {
  readonly frequencies: Uint16Array;
  readonly bits: number;
}

/** Frequencies that add up to 2^log and cost the fewest bits for these counts. */
export function nearest(counts: ArrayLike<number>, log: number): Frequencies {
  const total = sum(counts);
  const frequencies = Uint16Array.from(counts, (count) =>
    count === 0 ? 0 : Math.max(1, Math.round((count * 2 ** log) / total)),
  );
  // What rounding left over goes where it saves most, or comes from where it costs least.
  for (let left = 2 ** log - sum(frequencies); left !== 0; left -= Math.sign(left)) {
    const step = Math.sign(left);
    let best = 0;
    let gain = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < counts.length; i++) {
      const is = frequencies[i];
      if (is === 0 || is + step === 0) continue;
      const gained = counts[i] * Math.log2((is + step) / is);
      if (gained > gain) [best, gain] = [i, gained];
    }
    frequencies[best] += step;
  }
  return { frequencies, bits: costOf(counts, frequencies) };
}

/** The powers of two that a Huffman code of these counts stands for (Huffman, 1952). */
export function huffman(counts: ArrayLike<number>): Frequencies {
  let weights = Array.from(counts);
  for (;;) {
    const lengths = codeLengths(weights);
    const log = lengths.reduce((longest, length) => Math.max(longest, length), 0);
    if (log <= LARGEST_LOG) {
      const frequencies = Uint16Array.from(lengths, (length, i) => (counts[i] === 0 ? 0 : 2 ** (log - length)));
      return { frequencies, bits: costOf(counts, frequencies) };
    }
    // Codes longer than a table can hold: flatter weights have shorter ones.
    weights = weights.map((weight) => (weight === 0 ? 0 : Math.ceil(weight / 2)));
  }
}

/** The lengths of Huffman codes, 0 for what never occurs and for the only one that does. */
function codeLengths(weights: readonly number[]): number[] {
  interface Tree {
    readonly weight: number;
    readonly leaves: readonly number[];
  }
  const lengths = weights.map(() => 0);
  const trees: Tree[] = weights.flatMap((weight, leaf) => (weight > 0 ? [{ weight, leaves: [leaf] }] : []));
  trees.sort((a, b) => b.weight - a.weight);
  for (let second = trees.pop(), first = trees.pop(); first && second; second = trees.pop(), first = trees.pop()) {
    const leaves = [...first.leaves, ...second.leaves];
    for (const leaf of leaves) lengths[leaf]++;
    const weight = first.weight + second.weight;
    let at = trees.length;
    while (at > 0 && trees[at - 1].weight <= weight) at--;
    trees.splice(at, 0, { weight, leaves });
  }
  return lengths;
}

function costOf(counts: ArrayLike<number>, frequencies: Uint16Array): number {
  const log = Math.log2(sum(frequencies));
  let bits = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] > 0) bits += counts[i] * (log - Math.log2(frequencies[i]));
  return bits;
}

function sum(numbers: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numbers[i];
  return total;
}
