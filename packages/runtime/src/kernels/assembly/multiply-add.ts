/** a + x y: rounded once where the machine has an instruction for it (WebAssembly's relaxed SIMD), else twice. */
export function multiplyAdd(a: v128, x: v128, y: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, a) : f32x4.add(a, f32x4.mul(x, y));
}
