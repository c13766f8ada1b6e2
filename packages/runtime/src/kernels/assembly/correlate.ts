import { multiplyAdd } from "./multiply-add";

// y[o][p] = b[o] + sum over k of w[k] x[offset(k) + p]: one kernel for convolutions, where p runs over a plane, and for
// dense layers on a batch, where p runs over the samples. Pointers and offsets are in bytes, `length` is a multiple of 4.

/**
 * Elements of one output that stay in registers while its weights are walked through: 7 vectors, as V8 loads the operands
 * of all sums before it multiplies, and has sixteen registers for both. An eighth costs a third of the speed.
 */
const TILE: i32 = 28;
const SMALL_TILE: i32 = 8;

/** Outputs that share one list of offsets in the dense form, and the elements of each that stay in registers. */
const BLOCK: i32 = 4;
const BLOCK_TILE: i32 = 8;

/**
 * Sparse rows. The columns are cut into strips, each with rows of its own, so that the part of the input that a strip
 * reads stays in the cache.
 * @param pitch bytes from the starts of one strip to those of the next
 * @param width columns of a strip, from whose first one its indices count
 * @param starts u32: where the weights of each output begin, and one more for the end
 * @param indices u16
 * @param offsets i32 by column: where the input begins that a weight multiplies
 */
export function correlate(
  outputs: i32,
  strips: i32,
  pitch: usize,
  width: usize,
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
  for (let strip = 1; strip <= strips; strip++, starts += pitch, offsets += width << 2) {
    const low = f32x4.splat(strip === strips ? floor : -(<f32>Infinity));
    const first = strip === 1;
    let p = 0;
    for (; p + TILE <= length; p += TILE) {
      tile(outputs, first, starts, indices, weights, bias, offsets, input, output, length, p, low);
    }
    for (; p + SMALL_TILE <= length; p += SMALL_TILE) {
      smallTile(outputs, first, starts, indices, weights, bias, offsets, input, output, length, p, low);
    }
    if (p < length) single(outputs, first, starts, indices, weights, bias, offsets, input, output, length, p, low);
  }
}

/** Adds a strip to the elements from p on of all outputs, or begins them with the biases. */
function tile(
  outputs: i32,
  first: bool,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  p: i32,
  low: v128,
): void {
  const from = input + ((<usize>p) << 2);
  let y = output + ((<usize>p) << 2);
  for (let o: usize = 0; o < (<usize>outputs) << 2; o += 4, y += (<usize>length) << 2) {
    let a0 = v128.load32_splat(bias + o);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let a5 = a0;
    let a6 = a0;
    if (!first) {
      a0 = v128.load(y);
      a1 = v128.load(y, 16);
      a2 = v128.load(y, 32);
      a3 = v128.load(y, 48);
      a4 = v128.load(y, 64);
      a5 = v128.load(y, 80);
      a6 = v128.load(y, 96);
    }
    const k = <usize>load<u32>(starts + o);
    const end = weights + ((<usize>load<u32>(starts + o, 4)) << 2);
    let i = indices + (k << 1);
    for (let w = weights + (k << 2); w < end; w += 4, i += 2) {
      const v = v128.load32_splat(w);
      const x = from + load<i32>(offsets + ((<usize>load<u16>(i)) << 2));
      a0 = multiplyAdd(a0, v, v128.load(x));
      a1 = multiplyAdd(a1, v, v128.load(x, 16));
      a2 = multiplyAdd(a2, v, v128.load(x, 32));
      a3 = multiplyAdd(a3, v, v128.load(x, 48));
      a4 = multiplyAdd(a4, v, v128.load(x, 64));
      a5 = multiplyAdd(a5, v, v128.load(x, 80));
      a6 = multiplyAdd(a6, v, v128.load(x, 96));
    }
    v128.store(y, f32x4.pmax(a0, low));
    v128.store(y, f32x4.pmax(a1, low), 16);
    v128.store(y, f32x4.pmax(a2, low), 32);
    v128.store(y, f32x4.pmax(a3, low), 48);
    v128.store(y, f32x4.pmax(a4, low), 64);
    v128.store(y, f32x4.pmax(a5, low), 80);
    v128.store(y, f32x4.pmax(a6, low), 96);
  }
}

/** The same for fewer elements, written out again: only sums that are local variables stay in registers. */
function smallTile(
  outputs: i32,
  first: bool,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  p: i32,
  low: v128,
): void {
  const from = input + ((<usize>p) << 2);
  let y = output + ((<usize>p) << 2);
  for (let o: usize = 0; o < (<usize>outputs) << 2; o += 4, y += (<usize>length) << 2) {
    let a0 = v128.load32_splat(bias + o);
    let a1 = a0;
    if (!first) {
      a0 = v128.load(y);
      a1 = v128.load(y, 16);
    }
    const k = <usize>load<u32>(starts + o);
    const end = weights + ((<usize>load<u32>(starts + o, 4)) << 2);
    let i = indices + (k << 1);
    for (let w = weights + (k << 2); w < end; w += 4, i += 2) {
      const v = v128.load32_splat(w);
      const x = from + load<i32>(offsets + ((<usize>load<u16>(i)) << 2));
      a0 = multiplyAdd(a0, v, v128.load(x));
      a1 = multiplyAdd(a1, v, v128.load(x, 16));
    }
    v128.store(y, f32x4.pmax(a0, low));
    v128.store(y, f32x4.pmax(a1, low), 16);
  }
}

function single(
  outputs: i32,
  first: bool,
  starts: usize,
  indices: usize,
  weights: usize,
  bias: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
  p: i32,
  low: v128,
): void {
  const from = input + ((<usize>p) << 2);
  let y = output + ((<usize>p) << 2);
  for (let o: usize = 0; o < (<usize>outputs) << 2; o += 4, y += (<usize>length) << 2) {
    let a0 = first ? v128.load32_splat(bias + o) : v128.load(y);
    const k = <usize>load<u32>(starts + o);
    const end = weights + ((<usize>load<u32>(starts + o, 4)) << 2);
    let i = indices + (k << 1);
    for (let w = weights + (k << 2); w < end; w += 4, i += 2) {
      const v = v128.load32_splat(w);
      const x = from + load<i32>(offsets + ((<usize>load<u16>(i)) << 2));
      a0 = multiplyAdd(a0, v, v128.load(x));
    }
    v128.store(y, f32x4.pmax(a0, low));
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
