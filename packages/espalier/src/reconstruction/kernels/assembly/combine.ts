import { total } from "./dots";

/** y += f x, of `count` numbers. Pointers are in bytes. */
export function addScaled(count: i32, f: f64, x: usize, y: usize): void {
  const factor = f64x2.splat(f);
  let i: usize = 0;
  const even = (<usize>count >> 1) << 4;
  for (; i < even; i += 16) v128.store(y + i, f64x2.add(v128.load(y + i), f64x2.mul(factor, v128.load(x + i))));
  if (count & 1) store<f64>(y + i, load<f64>(y + i) + f * load<f64>(x + i));
}

/**
 * G += S S' for the upper half of G, [rows, rows]: what the rows of S have in common.
 * @param rows of S, [rows, pitch]
 * @param pitch numbers in a row, a multiple of 2
 */
export function gram(rows: i32, pitch: i32, s: usize, g: usize): void {
  const bytes = (<usize>pitch) << 3;
  for (let i = 0; i < rows; i++) {
    const left = s + <usize>i * bytes;
    let j = i;
    let at = g + ((<usize>(i * rows + i)) << 3);
    for (; j + 4 <= rows; j += 4, at += 32) {
      const right = s + <usize>j * bytes;
      let s0 = f64x2.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let k: usize = 0; k < bytes; k += 16) {
        const a = v128.load(left + k);
        s0 = f64x2.add(s0, f64x2.mul(a, v128.load(right + k)));
        s1 = f64x2.add(s1, f64x2.mul(a, v128.load(right + bytes + k)));
        s2 = f64x2.add(s2, f64x2.mul(a, v128.load(right + 2 * bytes + k)));
        s3 = f64x2.add(s3, f64x2.mul(a, v128.load(right + 3 * bytes + k)));
      }
      store<f64>(at, load<f64>(at) + total(s0));
      store<f64>(at, load<f64>(at, 8) + total(s1), 8);
      store<f64>(at, load<f64>(at, 16) + total(s2), 16);
      store<f64>(at, load<f64>(at, 24) + total(s3), 24);
    }
    for (; j < rows; j++, at += 8) {
      const right = s + <usize>j * bytes;
      let sums = f64x2.splat(0);
      for (let k: usize = 0; k < bytes; k += 16) {
        sums = f64x2.add(sums, f64x2.mul(v128.load(left + k), v128.load(right + k)));
      }
      store<f64>(at, load<f64>(at) + total(sums));
    }
  }
}
