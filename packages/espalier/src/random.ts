import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers: the same seed and path give the same numbers on every machine. */
export interface Random {
  /** The next number, uniform in [0, 1). */
  uniform(): number;
  /** The next number from the standard normal distribution. */
  normal(): number;
  /** The next whole number, uniform in [0, bound). */
  below(bound: number): number;
  /** Fills an array with numbers uniform in [0, 1), of 16 bits: twice as fast where so many are enough. */
  fill(array: Float32Array): void;
  /** Fills an array with normal numbers of the given deviation, of 16 bits: for weights by the million. */
  fillNormal(array: Float32Array, deviation: number): void;
}

/** Middles of 2^16 slices of the normal distribution that are equally likely. */
let quantiles: Float64Array | undefined;

/**
 * Opens the random stream that belongs to a seed and a path.
 *
 * Each use names its own path, as in `random(seed, "shuffle", epoch)`, so that no use disturbs another
 * and a resumed run finds its place again without any saved generator state.
 */
export function random(seed: number, ...path: (string | number)[]): Random {
  const generator = xoroshiro128plus(hash([seed, ...path].join("/")));
  const uniform = () => (generator.next() >>> 0) / 0x1_0000_0000;
  return {
    uniform,
    // Box and Muller, 1958; 1 - u keeps the logarithm away from zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (bound) => uniformInt(generator, 0, bound - 1),
    fill(array) {
      for (let i = 0; i < array.length; i += 2) {
        const bits = generator.next();
        array[i] = (bits & 0xffff) / 0x1_0000;
        if (i + 1 < array.length) array[i + 1] = (bits >>> 16) / 0x1_0000;
      }
    },
    fillNormal(array, deviation) {
      quantiles ??= normalQuantiles(0x1_0000);
      for (let i = 0; i < array.length; i += 2) {
        const bits = generator.next();
        array[i] = deviation * quantiles[bits & 0xffff];
        if (i + 1 < array.length) array[i + 1] = deviation * quantiles[bits >>> 16];
      }
    },
  };
}

/**
 * The numbers below which the normal distribution has the parts (i + 1/2) / count: its density summed up from the
 * middle in small steps, by symmetry on both sides.
 */
function normalQuantiles(count: number): Float64Array {
  const STEP = 1e-4;
  const found = new Float64Array(count);
  let below = 0.5;
  let x = 0;
  for (let i = count / 2; i < count; ) {
    const part = (i + 0.5) / count;
    const slice = (STEP / Math.sqrt(2 * Math.PI)) * Math.exp(-((x + STEP / 2) ** 2) / 2);
    if (below + slice < part) {
      below += slice;
      x += STEP;
    } else {
      found[i] = x + (STEP * (part - below)) / slice;
      found[count - 1 - i] = -found[i];
      i++;
    }
  }
  return found;
}

/** A random order of 0 .. size - 1 (Fisher and Yates). */
export function permutation(size: number, stream: Random): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}

/** FNV-1a, 32 bits, then murmur3's finalizer so that neighbouring seeds share no bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
