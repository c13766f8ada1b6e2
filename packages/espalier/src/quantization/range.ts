/** What a value may be: zero lies between, as it is padded with zeros. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The numbers that eight bits tell apart: scale * (code - zero), codes from 0 to 255. */
export interface Affine {
  /** A float32. */
  readonly scale: number;
  readonly zero: number;
}

const MOST = 255;

/**
 * The codes of a range. They do not reach beyond it: behind a Clip, of which a range is that, they are all that there is,
 * and ONNX Runtime leaves the Clip out.
 */
export function affineOf({ low, high }: Range): Affine {
  const width = high - low;
  if (!(width > 0)) return { scale: 1, zero: 0 };
  let scale = Math.max(Math.fround(width / MOST), LEAST);
  while (scale > LEAST && Math.fround(scale * MOST) > width) scale = below(scale);
  return { scale, zero: Math.max(0, Math.min(MOST, Math.round(-low / scale))) };
}

/** No scale is subnormal: what is multiplied by one would be slow, or zero. */
const LEAST = 2 ** -120;

/** The largest float32 below one. */
function below(value: number): number {
  const word = Float32Array.of(value);
  new Int32Array(word.buffer)[0]--;
  return word[0];
}
