import { multiplyAdd } from "./multiply-add";

// y[o] = b[o] + sum over i of w[o][i] x[i]: a dense layer on one sample. Each weight is read once, so that the bytes
// of the weights bound it. Pointers are in bytes.

/**
 * Sparse rows, inputs gathered by 16-bit indices. The columns are cut into strips, each with rows of its own, so that the
 * part of the input that a strip reads stays in the cache while the weights stream past it.
 * @param pitch bytes from the starts of one strip to those of the next
 * @param width columns of a strip, from whose first one its indices count
 * @param starts u32: where the weights of each row begin, and one more for the end
 */
export function gather(
  outputs: i32,
  strips: i32,
  pitch: usize,
  width: usize,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  let before = bias;
  for (let strip = 1; strip <= strips; strip++, starts += pitch, input += width << 2) {
    gatherStrip(outputs, starts, indices, weights, before, input, output, strip === strips ? floor : -(<f32>Infinity));
    before = output;
  }
}

/** Four lanes at a time, two sums. */
function gatherStrip(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  before: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  for (let o: usize = 0; o < (<usize>outputs) << 2; o += 4) {
    let k = <usize>load<u32>(starts + o);
    const end = <usize>load<u32>(starts + o, 4);
    let i = indices + (k << 1);
    let w = weights + (k << 2);
    let even = f32x4.splat(0);
    let odd = even;
    for (; k + 8 <= end; k += 8, i += 16, w += 32) {
      let x = v128.load32_zero(place(input, i));
      let z = v128.load32_zero(place(input, i + 8));
      x = v128.load_lane<u32>(place(input, i + 2), x, 1);
      z = v128.load_lane<u32>(place(input, i + 10), z, 1);
      x = v128.load_lane<u32>(place(input, i + 4), x, 2);
      z = v128.load_lane<u32>(place(input, i + 12), z, 2);
      x = v128.load_lane<u32>(place(input, i + 6), x, 3);
      z = v128.load_lane<u32>(place(input, i + 14), z, 3);
      even = multiplyAdd(even, v128.load(w), x);
      odd = multiplyAdd(odd, v128.load(w, 16), z);
    }
    let sum = load<f32>(before + o) + total(f32x4.add(even, odd));
    for (; k < end; k++, i += 2, w += 4) sum += load<f32>(w) * load<f32>(place(input, i));
    store<f32>(output + o, max<f32>(sum, floor));
  }
}

/** Where the input is that an index names. */
function place(input: usize, index: usize): usize {
  return input + ((<usize>load<u16>(index)) << 2);
}

/** Sparse columns: adds to y, and passes over inputs that are zero as EIE does (Han et al., ISCA 2016). */
export function scatter(inputs: i32, starts: usize, indices: usize, weights: usize, input: usize, output: usize): void {
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
 * Dense rows, six at a time, so that an input once loaded serves six: as many sums as leave V8, which loads all operands
 * before it multiplies, enough of the sixteen registers. `inputs` is a multiple of 4: rows and input are padded with zeros.
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
  for (; o + 6 <= outputs; o += 6, w += 6 * bytes) {
    const w1 = w + bytes;
    const w2 = w1 + bytes;
    const w3 = w2 + bytes;
    const w4 = w3 + bytes;
    const w5 = w4 + bytes;
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let a5 = a0;
    for (let i: usize = 0; i < bytes; i += 16) {
      const x = v128.load(input + i);
      a0 = multiplyAdd(a0, v128.load(w + i), x);
      a1 = multiplyAdd(a1, v128.load(w1 + i), x);
      a2 = multiplyAdd(a2, v128.load(w2 + i), x);
      a3 = multiplyAdd(a3, v128.load(w3 + i), x);
      a4 = multiplyAdd(a4, v128.load(w4 + i), x);
      a5 = multiplyAdd(a5, v128.load(w5 + i), x);
    }
    finish(bias, output, o, a0, floor);
    finish(bias, output, o + 1, a1, floor);
    finish(bias, output, o + 2, a2, floor);
    finish(bias, output, o + 3, a3, floor);
    finish(bias, output, o + 4, a4, floor);
    finish(bias, output, o + 5, a5, floor);
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
