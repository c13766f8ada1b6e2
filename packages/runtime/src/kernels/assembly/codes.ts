import { multiplyAdd } from "./multiply-add";

// Layers whose weights are whole numbers of eight bits ("codes"). Pointers and offsets are in bytes.
//
// Codes lie in blocks of four outputs; in a block, for each pair of taps behind each other, the two codes of each output:
// eight bytes, which one instruction widens to what another multiplies and sums in pairs.

/** Elements of four outputs that stay in registers while their codes are walked through. */
const TILE: i32 = 8;

/**
 * y[o][p] = sum over k of q[o][k] x[k][p], of whole numbers: x are pairs of i16, for a pair of taps one behind the other.
 * @param outputs a multiple of 4
 * @param pairs of taps
 * @param offsets i32 by pair: where the input begins that its codes multiply
 * @param output i32
 * @param length of a row: a multiple of 4
 */
export function correlateCodes(
  outputs: i32,
  pairs: i32,
  codes: usize,
  offsets: usize,
  input: usize,
  output: usize,
  length: i32,
): void {
  const stride = (<usize>length) << 2;
  const end = offsets + ((<usize>pairs) << 2);
  let p = 0;
  for (; p + TILE <= length; p += TILE) {
    const x = input + ((<usize>p) << 2);
    let q = codes;
    let y = output + ((<usize>p) << 2);
    for (let o = 0; o < outputs; o += 4) {
      let a0 = i32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let b0 = a0;
      let b1 = a0;
      let b2 = a0;
      let b3 = a0;
      for (let offset = offsets; offset < end; offset += 4, q += 8) {
        const at = x + load<i32>(offset);
        const u = v128.load(at);
        const v = v128.load(at, 16);
        const w = v128.load_ext<i8>(q);
        const w0 = v128.shuffle<i32>(w, w, 0, 0, 0, 0);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(w0, u));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(w0, v));
        const w1 = v128.shuffle<i32>(w, w, 1, 1, 1, 1);
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(w1, u));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(w1, v));
        const w2 = v128.shuffle<i32>(w, w, 2, 2, 2, 2);
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(w2, u));
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(w2, v));
        const w3 = v128.shuffle<i32>(w, w, 3, 3, 3, 3);
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(w3, u));
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(w3, v));
      }
      v128.store(y, a0);
      v128.store(y, b0, 16);
      y += stride;
      v128.store(y, a1);
      v128.store(y, b1, 16);
      y += stride;
      v128.store(y, a2);
      v128.store(y, b2, 16);
      y += stride;
      v128.store(y, a3);
      v128.store(y, b3, 16);
      y += stride;
    }
  }
  if (p === length) return;
  const x = input + ((<usize>p) << 2);
  let q = codes;
  let y = output + ((<usize>p) << 2);
  for (let o = 0; o < outputs; o += 4) {
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    for (let offset = offsets; offset < end; offset += 4, q += 8) {
      const u = v128.load(x + load<i32>(offset));
      const w = v128.load_ext<i8>(q);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.shuffle<i32>(w, w, 0, 0, 0, 0), u));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.shuffle<i32>(w, w, 1, 1, 1, 1), u));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.shuffle<i32>(w, w, 2, 2, 2, 2), u));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.shuffle<i32>(w, w, 3, 3, 3, 3), u));
    }
    v128.store(y, a0);
    v128.store(y + stride, a1);
    v128.store(y + 2 * stride, a2);
    v128.store(y + 3 * stride, a3);
    y += 4 * stride;
  }
}

/** y[o] = sum over k of q[o][k] x[k], of whole numbers, x being i16: the same for one sample. */
export function multiplyCodes(outputs: i32, pairs: i32, codes: usize, input: usize, output: usize): void {
  const end = input + ((<usize>pairs) << 2);
  for (let o = 0; o < outputs; o += 4, output += 16) {
    let a = i32x4.splat(0);
    for (let x = input; x < end; x += 4, codes += 8) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(codes), v128.load32_splat(x)));
    }
    v128.store(output, a);
  }
}

/**
 * y[o] = b[o] + sum over groups of taps of s[o][g] times the sum over k of q[o][k] x[k], of floats: each code is read once,
 * so that its byte bounds it.
 * @param pairs of taps of a group: a multiple of 2
 * @param scales f32: for each block of outputs and each group, those of the four outputs
 */
export function multiplyScaled(
  outputs: i32,
  groups: i32,
  pairs: i32,
  codes: usize,
  scales: usize,
  bias: usize,
  input: usize,
  output: usize,
  floor: f32,
): void {
  const low = f32x4.splat(floor);
  for (let o = 0; o < outputs; o += 4, output += 16, bias += 16) {
    let sum = v128.load(bias);
    let x = input;
    for (let g = 0; g < groups; g++, scales += 16) {
      let a = f32x4.splat(0);
      let b = a;
      let c = a;
      let d = a;
      for (let i = 0; i < pairs; i += 2, codes += 16, x += 16) {
        const first = v128.load_ext<i8>(codes);
        const second = v128.load_ext<i8>(codes, 8);
        a = multiplyAdd(a, evenOf(first), v128.load32_splat(x));
        b = multiplyAdd(b, oddOf(first), v128.load32_splat(x, 4));
        c = multiplyAdd(c, evenOf(second), v128.load32_splat(x, 8));
        d = multiplyAdd(d, oddOf(second), v128.load32_splat(x, 12));
      }
      sum = multiplyAdd(sum, f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), v128.load(scales));
    }
    sum = f32x4.pmax(sum, low);
    if (o + 4 <= outputs) {
      v128.store(output, sum);
    } else {
      store<f32>(output, f32x4.extract_lane(sum, 0));
      if (o + 1 < outputs) store<f32>(output, f32x4.extract_lane(sum, 1), 4);
      if (o + 2 < outputs) store<f32>(output, f32x4.extract_lane(sum, 2), 8);
    }
  }
}

/**
 * Writes codes as the floats that they stand for, in the dense form of `correlateDense`: four outputs for each tap.
 * @param taps of each output: what lies behind them fills the last group
 */
export function spreadCodes(
  outputs: i32,
  taps: i32,
  groups: i32,
  pairs: i32,
  codes: usize,
  scales: usize,
  output: usize,
): void {
  for (let o = 0; o < outputs; o += 4) {
    const end = output + ((<usize>taps) << 4);
    for (let g = 0; g < groups; g++, scales += 16) {
      const scale = v128.load(scales);
      for (let i = 0; i < pairs; i++, codes += 8) {
        const pair = v128.load_ext<i8>(codes);
        if (output < end) v128.store(output, f32x4.mul(evenOf(pair), scale));
        output += 16;
        if (output < end) v128.store(output, f32x4.mul(oddOf(pair), scale));
        output += 16;
      }
    }
    output = end;
  }
}

/** Of four pairs of i16 the first ones, as floats. */
function evenOf(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(pairs, 16), 16));
}

/** The second ones. */
function oddOf(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(pairs, 16));
}
