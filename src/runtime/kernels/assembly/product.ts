import { multiplyAdd } from "./multiply-add";

// y[o] = b[o] + sum over i of w[o][i] x[i]: a dense layer on one sample. Each weight is read once, so that the bytes
// of the weights bound it. Pointers are in bytes.

/** Sparse rows, inputs gathered by 16-bit indices: four lanes at a time, two sums. */
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
      even = multiplyAdd(even, v128.load(weights + (k << 2)), x);
      odd = multiplyAdd(odd, v128.load(weights + (k << 2), 16), z);
    }
    let sum = load<f32>(bias + ((<usize>o) << 2)) + total(f32x4.add(even, odd));
    for (; k < end; k++) {
      sum += load<f32>(weights + (k << 2)) * load<f32>(input + ((<usize>load<u16>(indices + (k << 1))) << 2));
    }
    store<f32>(output + ((<usize>o) << 2), max<f32>(sum, floor));
  }
}

/** The same with 32-bit indices. */
export function gather32(
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
    let sum = load<f32>(bias + ((<usize>o) << 2));
    for (; k < end; k++) {
      sum += load<f32>(weights + (k << 2)) * load<f32>(input + ((<usize>load<u32>(indices + (k << 2))) << 2));
    }
    store<f32>(output + ((<usize>o) << 2), max<f32>(sum, floor));
  }
}

/** Sparse columns: adds to y, and passes over inputs that are zero as EIE does (Han et al., ISCA 2016). */
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

/**
 * Dense rows, four at a time, so that an input once loaded serves four. `inputs` is a multiple of 4: rows and input are
 * padded with zeros.
 */
export function multiply(
  outputs: i32,
  inputs: i32,
  weights: usize,
  bias: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  const bytes = (<usize>inputs) << 2;
  let w = weights;
  let o = 0;
  for (; o + 4 <= outputs; o += 4, w += bytes << 2) {
    const w1 = w + bytes;
    const w2 = w1 + bytes;
    const w3 = w2 + bytes;
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let e = a;
    let f = a;
    let g = a;
    let h = a;
    let i: usize = 0;
    for (; i + 32 <= bytes; i += 32) {
      const x = v128.load(input + i);
      const y = v128.load(input + i, 16);
      a = multiplyAdd(a, v128.load(w + i), x);
      e = multiplyAdd(e, v128.load(w + i, 16), y);
      b = multiplyAdd(b, v128.load(w1 + i), x);
      f = multiplyAdd(f, v128.load(w1 + i, 16), y);
      c = multiplyAdd(c, v128.load(w2 + i), x);
      g = multiplyAdd(g, v128.load(w2 + i, 16), y);
      d = multiplyAdd(d, v128.load(w3 + i), x);
      h = multiplyAdd(h, v128.load(w3 + i, 16), y);
    }
    for (; i < bytes; i += 16) {
      const x = v128.load(input + i);
      a = multiplyAdd(a, v128.load(w + i), x);
      b = multiplyAdd(b, v128.load(w1 + i), x);
      c = multiplyAdd(c, v128.load(w2 + i), x);
      d = multiplyAdd(d, v128.load(w3 + i), x);
    }
    finish(bias, output, o, f32x4.add(a, e), floor);
    finish(bias, output, o + 1, f32x4.add(b, f), floor);
    finish(bias, output, o + 2, f32x4.add(c, g), floor);
    finish(bias, output, o + 3, f32x4.add(d, h), floor);
  }
  for (; o < outputs; o++, w += bytes) {
    let a = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) a = multiplyAdd(a, v128.load(w + i), v128.load(input + i));
    finish(bias, output, o, a, floor);
  }
}

function finish(bias: usize, output: usize, o: i32, sums: v128, floor: f32): void {
  const sum = load<f32>(bias + ((<usize>o) << 2)) + total(sums);
  store<f32>(output + ((<usize>o) << 2), max<f32>(sum, floor));
}

function total(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
