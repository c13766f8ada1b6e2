// y[o] = b[o] + sum over k of w[k] x[index[k]]: a dense layer on one sample. Its weights are read once, so what they
// take in bytes is what bounds it.

export function gather16(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  for (let o = 0; o < outputs; o++) {
    let k = <usize>load<u32>(starts + ((<usize>o) << 2));
    const end = <usize>load<u32>(starts + ((<usize>o) << 2), 4);
    let even = f32x4.splat(0);
    let odd = even;
    for (; k + 8 <= end; k += 8) {
      const i = load<u64>(indices + (k << 1));
      const j = load<u64>(indices + (k << 1), 8);
      let x = v128.load32_zero(input + ((<usize>(i & 0xffff)) << 2));
      let z = v128.load32_zero(input + ((<usize>(j & 0xffff)) << 2));
      x = v128.load_lane<u32>(input + ((<usize>((i >> 16) & 0xffff)) << 2), x, 1);
      z = v128.load_lane<u32>(input + ((<usize>((j >> 16) & 0xffff)) << 2), z, 1);
      x = v128.load_lane<u32>(input + ((<usize>((i >> 32) & 0xffff)) << 2), x, 2);
      z = v128.load_lane<u32>(input + ((<usize>((j >> 32) & 0xffff)) << 2), z, 2);
      x = v128.load_lane<u32>(input + ((<usize>(i >> 48)) << 2), x, 3);
      z = v128.load_lane<u32>(input + ((<usize>(j >> 48)) << 2), z, 3);
      even = f32x4.add(even, f32x4.mul(v128.load(weights + (k << 2)), x));
      odd = f32x4.add(odd, f32x4.mul(v128.load(weights + (k << 2), 16), z));
    }
    even = f32x4.add(even, odd);
    let sum = load<f32>(bias + ((<usize>o) << 2));
    for (; k < end; k++) {
      sum += load<f32>(weights + (k << 2)) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1))) << 2));
    }
    sum +=
      f32x4.extract_lane(even, 0) +
      f32x4.extract_lane(even, 1) +
      (f32x4.extract_lane(even, 2) + f32x4.extract_lane(even, 3));
    store<f32>(output + ((<usize>o) << 2), max<f32>(floor, sum));
  }
}

/** Four independent sums of scalars. */
export function gatherScalar(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  for (let o = 0; o < outputs; o++) {
    let k = <usize>load<u32>(starts + ((<usize>o) << 2));
    const end = <usize>load<u32>(starts + ((<usize>o) << 2), 4);
    let a: f32 = 0;
    let b: f32 = 0;
    let c: f32 = 0;
    let d: f32 = 0;
    for (; k + 4 <= end; k += 4) {
      a += load<f32>(weights + (k << 2)) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1))) << 2));
      b += load<f32>(weights + (k << 2), 4) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1), 2)) << 2));
      c += load<f32>(weights + (k << 2), 8) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1), 4)) << 2));
      d += load<f32>(weights + (k << 2), 12) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1), 6)) << 2));
    }
    let sum = load<f32>(bias + ((<usize>o) << 2)) + (a + b + (c + d));
    for (; k < end; k++) {
      sum += load<f32>(weights + (k << 2)) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1))) << 2));
    }
    store<f32>(output + ((<usize>o) << 2), max<f32>(floor, sum));
  }
}

/** Columns: skips inputs that are zero. */
export function scatter16(
  inputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  input: usize,
  output: usize,
): void {
  for (let i = 0; i < inputs; i++) {
    const x = load<f32>(input + ((<usize>i) << 2));
    if (x === 0) continue;
    let k = <usize>load<u32>(starts + ((<usize>i) << 2));
    const end = <usize>load<u32>(starts + ((<usize>i) << 2), 4);
    for (; k + 4 <= end; k += 4) {
      const j = load<u64>(indices + (k << 1));
      const y0 = output + ((<usize>(j & 0xffff)) << 2);
      const y1 = output + ((<usize>((j >> 16) & 0xffff)) << 2);
      const y2 = output + ((<usize>((j >> 32) & 0xffff)) << 2);
      const y3 = output + ((<usize>(j >> 48)) << 2);
      store<f32>(y0, load<f32>(y0) + x * load<f32>(weights + (k << 2)));
      store<f32>(y1, load<f32>(y1) + x * load<f32>(weights + (k << 2), 4));
      store<f32>(y2, load<f32>(y2) + x * load<f32>(weights + (k << 2), 8));
      store<f32>(y3, load<f32>(y3) + x * load<f32>(weights + (k << 2), 12));
    }
    for (; k < end; k++) {
      const y = output + ((<usize>load<u16>(indices + (k << 1))) << 2);
      store<f32>(y, load<f32>(y) + x * load<f32>(weights + (k << 2)));
    }
  }
}
