import { multiplyAdd } from "./multiply-add";

// y[o][p] = b[o] + sum over k of w[k] x[offset(k) + p]: one kernel for convolutions, where p runs over a plane, and for
// dense layers on a batch, where p runs over the samples. Pointers and offsets are in bytes, `length` is a multiple of 4.

/** Elements of one output that stay in registers while its weights are walked through: 8 vectors. */
const TILE: i32 = 32;

/** Outputs that share one list of offsets in the dense form, and the elements of each that stay in registers. */
const BLOCK: i32 = 4;
const BLOCK_TILE: i32 = 8;

/**
 * @param starts u32: where the weights of each output begin, and one more for the end
 * @param offsets i32 by index: where the input begins that a weight multiplies
 */
export function correlate16(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  floor: f32,
): void {
  correlate<u16>(outputs, starts, indices, weights, bias, offsets, input, output, length, floor);
}

export function correlate32(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  floor: f32,
): void {
  correlate<u32>(outputs, starts, indices, weights, bias, offsets, input, output, length, floor);
}

function correlate<Index>(
  outputs: i32,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  floor: f32,
): void {
  const stride = (<usize>length) << 2;
  const low = f32x4.splat(floor);
  let p = 0;
  for (; p + TILE <= length; p += TILE) {
    const x = input + ((<usize>p) << 2);
    let y = output + ((<usize>p) << 2);
    for (let o = 0; o < outputs; o++, y += stride) {
      let a0 = v128.load32_splat(bias + ((<usize>o) << 2));
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let a4 = a0;
      let a5 = a0;
      let a6 = a0;
      let a7 = a0;
      const end = load<u32>(starts + ((<usize>o) << 2), 4);
      for (let k = load<u32>(starts + ((<usize>o) << 2)); k < end; k++) {
        const w = v128.load32_splat(weights + ((<usize>k) << 2));
        const at = x + load<i32>(offsets + ((<usize>load<Index>(indices + <usize>k * sizeof<Index>())) << 2));
        a0 = multiplyAdd(a0, w, v128.load(at));
        a1 = multiplyAdd(a1, w, v128.load(at, 16));
        a2 = multiplyAdd(a2, w, v128.load(at, 32));
        a3 = multiplyAdd(a3, w, v128.load(at, 48));
        a4 = multiplyAdd(a4, w, v128.load(at, 64));
        a5 = multiplyAdd(a5, w, v128.load(at, 80));
        a6 = multiplyAdd(a6, w, v128.load(at, 96));
        a7 = multiplyAdd(a7, w, v128.load(at, 112));
      }
      v128.store(y, f32x4.pmax(a0, low));
      v128.store(y, f32x4.pmax(a1, low), 16);
      v128.store(y, f32x4.pmax(a2, low), 32);
      v128.store(y, f32x4.pmax(a3, low), 48);
      v128.store(y, f32x4.pmax(a4, low), 64);
      v128.store(y, f32x4.pmax(a5, low), 80);
      v128.store(y, f32x4.pmax(a6, low), 96);
      v128.store(y, f32x4.pmax(a7, low), 112);
    }
  }
  for (; p < length; p += 4) {
    const x = input + ((<usize>p) << 2);
    let y = output + ((<usize>p) << 2);
    for (let o = 0; o < outputs; o++, y += stride) {
      let a = v128.load32_splat(bias + ((<usize>o) << 2));
      const end = load<u32>(starts + ((<usize>o) << 2), 4);
      for (let k = load<u32>(starts + ((<usize>o) << 2)); k < end; k++) {
        const at = x + load<i32>(offsets + ((<usize>load<Index>(indices + <usize>k * sizeof<Index>())) << 2));
        a = multiplyAdd(a, v128.load32_splat(weights + ((<usize>k) << 2)), v128.load(at));
      }
      v128.store(y, f32x4.pmax(a, low));
    }
  }
}

/**
 * The dense form: every weight of every output, four outputs at a time, so that an input once loaded serves four.
 * @param taps weights of one output
 * @param weights f32: for each block of outputs and each tap the weights of its four outputs
 * @param outputs a multiple of 4; so are the biases
 */
export function correlateDense(
  outputs: i32,
  taps: i32,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  floor: f32,
): void {
  const stride = (<usize>length) << 2;
  const low = f32x4.splat(floor);
  const end = offsets + ((<usize>taps) << 2);
  let p = 0;
  for (; p + BLOCK_TILE <= length; p += BLOCK_TILE) {
    const x = input + ((<usize>p) << 2);
    let w = weights;
    for (let o = 0; o < outputs; o += BLOCK) {
      const b = bias + ((<usize>o) << 2);
      let a0 = v128.load32_splat(b);
      let a1 = v128.load32_splat(b, 4);
      let a2 = v128.load32_splat(b, 8);
      let a3 = v128.load32_splat(b, 12);
      let b0 = a0;
      let b1 = a1;
      let b2 = a2;
      let b3 = a3;
      for (let offset = offsets; offset < end; offset += 4, w += 16) {
        const at = x + load<i32>(offset);
        const u = v128.load(at);
        const v = v128.load(at, 16);
        const w0 = v128.load32_splat(w);
        const w1 = v128.load32_splat(w, 4);
        a0 = multiplyAdd(a0, w0, u);
        b0 = multiplyAdd(b0, w0, v);
        a1 = multiplyAdd(a1, w1, u);
        b1 = multiplyAdd(b1, w1, v);
        const w2 = v128.load32_splat(w, 8);
        const w3 = v128.load32_splat(w, 12);
        a2 = multiplyAdd(a2, w2, u);
        b2 = multiplyAdd(b2, w2, v);
        a3 = multiplyAdd(a3, w3, u);
        b3 = multiplyAdd(b3, w3, v);
      }
      let y = output + ((<usize>p) << 2) + <usize>o * stride;
      v128.store(y, f32x4.pmax(a0, low));
      v128.store(y, f32x4.pmax(b0, low), 16);
      y += stride;
      v128.store(y, f32x4.pmax(a1, low));
      v128.store(y, f32x4.pmax(b1, low), 16);
      y += stride;
      v128.store(y, f32x4.pmax(a2, low));
      v128.store(y, f32x4.pmax(b2, low), 16);
      y += stride;
      v128.store(y, f32x4.pmax(a3, low));
      v128.store(y, f32x4.pmax(b3, low), 16);
    }
  }
  for (; p < length; p += 4) {
    const x = input + ((<usize>p) << 2);
    let w = weights;
    for (let o = 0; o < outputs; o += BLOCK) {
      for (let j = 0; j < BLOCK; j++) {
        let a = v128.load32_splat(bias + ((<usize>(o + j)) << 2));
        for (let k = 0; k < taps; k++) {
          const at = x + load<i32>(offsets + ((<usize>k) << 2));
          a = multiplyAdd(a, v128.load32_splat(w + ((<usize>(k * BLOCK + j)) << 2)), v128.load(at));
        }
        v128.store(output + ((<usize>p) << 2) + <usize>(o + j) * stride, f32x4.pmax(a, low));
      }
      w += (<usize>taps) << 4;
    }
  }
}
