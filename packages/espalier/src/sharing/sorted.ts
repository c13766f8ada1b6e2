/** Numbers in ascending order with their running sums, so that the mean of any stretch takes one step. */
export interface SortedValues {
  readonly values: Float32Array;
  /** sums[i] is the sum of the first i values. */
  readonly sums: Float64Array;
}

/** Sorts numbers; the given array is left as it is. */
export function sortedValues(numbers: Float32Array): SortedValues {
  const values = radixSorted(numbers);
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i] + values[i];
  return { values, sums };
}

/** Bits of the digits, lowest first. */
const DIGITS = [11, 11, 10];
const SIGN = 0x80000000;

/**
 * Sorts by digits of the floats' bits, lowest first: three passes whatever the size, where the array's own sort takes
 * three times as long for millions of weights. Bits sort as the floats do once negative ones are turned over.
 */
function radixSorted(numbers: Float32Array): Float32Array {
  const { length } = numbers;
  let from = new Uint32Array(numbers.slice().buffer);
  let to = new Uint32Array(length);
  for (let i = 0; i < length; i++) from[i] ^= from[i] & SIGN ? 0xffffffff : SIGN;
  let shift = 0;
  for (const width of DIGITS) {
    const mask = (1 << width) - 1;
    const starts = new Uint32Array(mask + 2);
    for (let i = 0; i < length; i++) starts[((from[i] >>> shift) & mask) + 1]++;
    for (let digit = 1; digit < starts.length; digit++) starts[digit] += starts[digit - 1];
    for (let i = 0; i < length; i++) to[starts[(from[i] >>> shift) & mask]++] = from[i];
    [from, to] = [to, from];
    shift += width;
  }
  for (let i = 0; i < length; i++) from[i] ^= from[i] & SIGN ? SIGN : 0xffffffff;
  return new Float32Array(from.buffer);
}

/** How many of the sorted numbers are at most a limit. */
export function countUpTo(values: Float32Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The distinct values among sorted ones, or undefined when there are more than `most`. */
export function distinctValues(values: Float32Array, most: number): Float32Array | undefined {
  const found: number[] = [];
  for (let i = 0; i < values.length; i = countUpTo(values, values[i])) {
    if (found.length === most) return undefined;
    found.push(values[i]);
  }
  return Float32Array.from(found);
}
