import { type BitCoder, codeBits, log2, powerOf2 } from "./bit-coder.ts";
import { Damage } from "./damage.ts";
import { Mixer } from "./mixer.ts";

/** The largest logarithm of a table's size. */
export const LARGEST_LOG = 14;

/**
 * Builds a table of finite state coding (Duda, arXiv 1311.2540) for symbols whose frequencies add up to a power of two.
 * Where every frequency is a power of two it is a Huffman code.
 *
 * The states of a symbol are spread with a stride that meets all. In ascending order the n-th of its f states stands for
 * f + n, from which the states that follow it and their bits follow.
 * @returns for each state symbol * 2^18 + bits * 2^14 + the first of the states that follow
 */
export function buildTable(frequencies: ArrayLike<number>): Uint32Array {
  const symbols = spread(frequencies);
  const size = symbols.length;
  const next = Uint32Array.from(frequencies);
  return Uint32Array.from(symbols, (symbol) => {
    const x = next[symbol]++;
    const bits = Math.clz32(x) - Math.clz32(size);
    return (symbol << 18) | (bits << 14) | ((x << bits) - size);
  });
}

/** The symbol of every state. */
export function spread(frequencies: ArrayLike<number>): Uint16Array {
  let size = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) size += frequencies[symbol];
  const stride = ((size >> 1) + (size >> 3) + 3) | 1;
  const symbols = new Uint16Array(size);
  for (let symbol = 0, at = 0; symbol < frequencies.length; symbol++) {
    for (let i = 0; i < frequencies[symbol]; i++, at = (at + stride) & (size - 1)) symbols[at] = symbol;
  }
  return symbols;
}

/**
 * Codes the frequencies of a table: of each the number of its bits, learnt from the one before, and the bits behind the
 * first.
 * @throws Damage when the sum is not a power of two up to 2^14
 */
export function codeFrequencies(coder: BitCoder, frequencies: Uint16Array): void {
  const lengths = new Mixer({ contexts: [16, 256], step: 328, inertia: 1 });
  const powers = coder.raw(frequencies.every((frequency) => (frequency & (frequency - 1)) === 0) ? 1 : 0, 1) === 1;
  let sum = 0;
  for (let i = 0; i < frequencies.length; i++) {
    const frequency = frequencies[i];
    const length = lengths.codeSymbol(coder, 32 - Math.clz32(frequency), 4);
    const first = length > 0 ? powerOf2(length - 1) : 0;
    frequencies[i] = first + (powers || length < 2 ? 0 : codeBits(coder, frequency - first, length - 1));
    sum += frequencies[i];
    lengths.select(1, 16 * length);
  }
  if (sum === 0 || sum !== powerOf2(log2(sum)) || sum > powerOf2(LARGEST_LOG)) {
    throw new Damage("frequencies that fill no table");
  }
}
