import { multiplyAdd } from "./multiply-add";

// y[c][i][j] = b[c] + sum over t of w[c][t] x[c](i, j, t): a convolution of each plane with a filter of its own, which
// has so few weights that the sums wait for memory: each plane is laid out with its padding in a scratch that stays in
// the cache, and its sums go straight to their place. Pointers, pitches and offsets are in bytes.

/**
 * @param scratch room for a plane with its padding, and two vectors behind it; 0 where planes are read as they lie
 * @param phases the stride of columns: a row of the scratch holds those of each remainder behind one another
 * @param phasePitch bytes from one remainder to the next
 * @param rowPitch bytes from one row of the scratch to the next
 * @param step bytes between what two rows of outputs begin with
 * @param size bytes of the scratch
 * @param offsets i32 by tap: where in the scratch, from what an output begins with, its input is
 * @param filterPitch bytes from the weights of one plane to those of the next
 */
export function depthwise(
  planes: i32,
  input: usize,
  output: usize,
  scratch: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  phases: i32,
  phasePitch: i32,
  rowPitch: i32,
  step: i32,
  size: i32,
  padTop: i32,
  padLeft: i32,
  taps: i32,
  offsets: usize,
  weights: usize,
  filterPitch: i32,
  bias: usize,
  floor: f32,
): void {
  const plane = (<usize>(height * width)) << 2;
  const outPlane = (<usize>(outHeight * outWidth)) << 2;
  const low = f32x4.splat(floor);
  if (scratch) memory.fill(scratch, 0, size);
  // Three taps that lie side by side in each of three rows.
  const square =
    taps === 9 &&
    load<i32>(offsets, 4) === 4 &&
    load<i32>(offsets, 8) === 8 &&
    load<i32>(offsets, 12) === step &&
    load<i32>(offsets, 24) === 2 * step;
  for (let c = 0; c < planes; c++) {
    let from = input;
    if (scratch) {
      from = scratch;
      lay(input, scratch + padTop * rowPitch, height, width, phases, phasePitch, rowPitch, padLeft);
    }
    if (square) threeByThree(from, output, outHeight, outWidth, step, weights, bias, low);
    else filter(from, output, outHeight, outWidth, step, taps, offsets, weights, bias, low);
    input += plane;
    output += outPlane;
    weights += filterPitch;
    bias += 4;
  }
}

/** Lays the rows of a plane out. */
function lay(
  from: usize,
  to: usize,
  height: i32,
  width: i32,
  phases: i32,
  phasePitch: i32,
  rowPitch: i32,
  left: i32,
): void {
  for (let row = 0; row < height; row++, from += (<usize>width) << 2, to += rowPitch) {
    let j = 0;
    if (phases === 1) {
      const start = to + ((<usize>left) << 2);
      for (; j + 4 <= width; j += 4) v128.store(start + ((<usize>j) << 2), v128.load(from + ((<usize>j) << 2)));
    } else if (phases === 2) {
      // What comes first may stand at an odd column.
      const first = to + <usize>((left & 1) * phasePitch) + ((<usize>(left >> 1)) << 2);
      const second = to + <usize>((1 - (left & 1)) * phasePitch) + ((<usize>((left + 1) >> 1)) << 2);
      for (; j + 8 <= width; j += 8) {
        const u = v128.load(from + ((<usize>j) << 2));
        const v = v128.load(from + ((<usize>j) << 2), 16);
        v128.store(first + ((<usize>j) << 1), v128.shuffle<f32>(u, v, 0, 2, 4, 6));
        v128.store(second + ((<usize>j) << 1), v128.shuffle<f32>(u, v, 1, 3, 5, 7));
      }
    }
    for (; j < width; j++) {
      const column = j + left;
      const at = to + <usize>((column % phases) * phasePitch) + ((<usize>(column / phases)) << 2);
      store<f32>(at, load<f32>(from + ((<usize>j) << 2)));
    }
  }
}

/** Filters of three by three, whose weights stay in registers; two rows at a time, which share two rows of inputs. */
function threeByThree(
  from: usize,
  to: usize,
  outHeight: i32,
  outWidth: i32,
  step: usize,
  weights: usize,
  bias: usize,
  low: v128,
): void {
  const b = v128.load32_splat(bias);
  const w0 = v128.load32_splat(weights);
  const w1 = v128.load32_splat(weights, 4);
  const w2 = v128.load32_splat(weights, 8);
  const w3 = v128.load32_splat(weights, 12);
  const w4 = v128.load32_splat(weights, 16);
  const w5 = v128.load32_splat(weights, 20);
  const w6 = v128.load32_splat(weights, 24);
  const w7 = v128.load32_splat(weights, 28);
  const w8 = v128.load32_splat(weights, 32);
  const line = (<usize>outWidth) << 2;
  let i = 0;
  for (; i + 2 <= outHeight; i += 2, from += 2 * step, to += 2 * line) {
    let x = from;
    let y = to;
    for (let left = outWidth; left > 0; left -= 4, x += 16, y += 16) {
      let r = x;
      let u = v128.load(r);
      let v = v128.load(r, 4);
      let w = v128.load(r, 8);
      let a0 = multiplyAdd(b, w0, u);
      a0 = multiplyAdd(a0, w1, v);
      a0 = multiplyAdd(a0, w2, w);
      r += step;
      u = v128.load(r);
      v = v128.load(r, 4);
      w = v128.load(r, 8);
      a0 = multiplyAdd(a0, w3, u);
      let a1 = multiplyAdd(b, w0, u);
      a0 = multiplyAdd(a0, w4, v);
      a1 = multiplyAdd(a1, w1, v);
      a0 = multiplyAdd(a0, w5, w);
      a1 = multiplyAdd(a1, w2, w);
      r += step;
      u = v128.load(r);
      v = v128.load(r, 4);
      w = v128.load(r, 8);
      a0 = multiplyAdd(a0, w6, u);
      a1 = multiplyAdd(a1, w3, u);
      a0 = multiplyAdd(a0, w7, v);
      a1 = multiplyAdd(a1, w4, v);
      a0 = multiplyAdd(a0, w8, w);
      a1 = multiplyAdd(a1, w5, w);
      r += step;
      a1 = multiplyAdd(a1, w6, v128.load(r));
      a1 = multiplyAdd(a1, w7, v128.load(r, 4));
      a1 = multiplyAdd(a1, w8, v128.load(r, 8));
      put(y, f32x4.pmax(a0, low), left);
      put(y + line, f32x4.pmax(a1, low), left);
    }
  }
  if (i === outHeight) return;
  for (let left = outWidth; left > 0; left -= 4, from += 16, to += 16) {
    let a = multiplyAdd(b, w0, v128.load(from));
    a = multiplyAdd(a, w1, v128.load(from, 4));
    a = multiplyAdd(a, w2, v128.load(from, 8));
    let r = from + step;
    a = multiplyAdd(a, w3, v128.load(r));
    a = multiplyAdd(a, w4, v128.load(r, 4));
    a = multiplyAdd(a, w5, v128.load(r, 8));
    r += step;
    a = multiplyAdd(a, w6, v128.load(r));
    a = multiplyAdd(a, w7, v128.load(r, 4));
    a = multiplyAdd(a, w8, v128.load(r, 8));
    put(to, f32x4.pmax(a, low), left);
  }
}

/** Filters of any form: four rows at a time, so that a weight once loaded serves four vectors. */
function filter(
  from: usize,
  to: usize,
  outHeight: i32,
  outWidth: i32,
  step: usize,
  taps: i32,
  offsets: usize,
  weights: usize,
  bias: usize,
  low: v128,
): void {
  const b = v128.load32_splat(bias);
  const line = (<usize>outWidth) << 2;
  const end = offsets + ((<usize>taps) << 2);
  let i = 0;
  for (; i + 4 <= outHeight; i += 4, from += 4 * step, to += 4 * line) {
    let x = from;
    let y = to;
    for (let left = outWidth; left > 0; left -= 4, x += 16, y += 16) {
      let a0 = b;
      let a1 = b;
      let a2 = b;
      let a3 = b;
      for (let offset = offsets, weight = weights; offset < end; offset += 4, weight += 4) {
        const w = v128.load32_splat(weight);
        const r = x + load<i32>(offset);
        const s = r + 2 * step;
        a0 = multiplyAdd(a0, w, v128.load(r));
        a1 = multiplyAdd(a1, w, v128.load(r + step));
        a2 = multiplyAdd(a2, w, v128.load(s));
        a3 = multiplyAdd(a3, w, v128.load(s + step));
      }
      put(y, f32x4.pmax(a0, low), left);
      put(y + line, f32x4.pmax(a1, low), left);
      put(y + 2 * line, f32x4.pmax(a2, low), left);
      put(y + 3 * line, f32x4.pmax(a3, low), left);
    }
  }
  for (; i < outHeight; i++, from += step, to += line) {
    let x = from;
    let y = to;
    for (let left = outWidth; left > 0; left -= 4, x += 16, y += 16) {
      let a = b;
      for (let offset = offsets, weight = weights; offset < end; offset += 4, weight += 4) {
        a = multiplyAdd(a, v128.load32_splat(weight), v128.load(x + load<i32>(offset)));
      }
      put(y, f32x4.pmax(a, low), left);
    }
  }
}

/** Stores a vector, or of the last of a row what there is. */
function put(y: usize, a: v128, left: i32): void {
  if (left >= 4) {
    v128.store(y, a);
    return;
  }
  v128.store_lane<f32>(y, a, 0);
  if (left > 1) v128.store_lane<f32>(y, a, 1, 4);
  if (left > 2) v128.store_lane<f32>(y, a, 2, 8);
}
