/** The bits of a number as float32. */
const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Adding and taking it away rounds a number below it to the nearest whole one, of two as near to the even one. */
const ROUNDING = 2 ** 52;

/** The float16 nearest to a number of float32, of two as near the even one, as its bits (IEEE 754 binary16). */
export function halfOf(x: number): number {
  single[0] = x;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65,520 on, half way to the number that would come next.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below the smallest normal number they lie 2^-24 apart.
  if (magnitude < 0x38800000) return sign | (Math.abs(single[0]) * 2 ** 24 + ROUNDING - ROUNDING);
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** The number that a float16 is. */
export function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
