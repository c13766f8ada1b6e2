/** Where an element is of a matrix whose rows are `pitch` bytes apart. */
export function place(matrix: usize, pitch: usize, row: i32, column: i32): usize {
  return matrix + <usize>row * pitch + ((<usize>column) << 3);
}

/**
 * From the elements of two rows and four columns: the products of the six rows, `depth` numbers long from a column on.
 * Even and odd places are summed apart. Eight sums and six operands leave two of the registers.
 * @param depth a multiple of 4
 */
export function subtractDots(matrix: usize, pitch: usize, row: i32, column: i32, from: i32, depth: i32): void {
  let a = place(matrix, pitch, row, from);
  let c = place(matrix, pitch, column, from);
  const stop = a + ((<usize>depth) << 3);
  const c1 = pitch;
  const c2 = 2 * pitch;
  const c3 = 3 * pitch;
  let s00 = f64x2.splat(0);
  let s01 = s00;
  let s02 = s00;
  let s03 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  let s13 = s00;
  for (; a < stop; a += 16, c += 16) {
    const a0 = v128.load(a);
    const a1 = v128.load(a + pitch);
    const b0 = v128.load(c);
    s00 = f64x2.add(s00, f64x2.mul(a0, b0));
    s10 = f64x2.add(s10, f64x2.mul(a1, b0));
    const b1 = v128.load(c + c1);
    s01 = f64x2.add(s01, f64x2.mul(a0, b1));
    s11 = f64x2.add(s11, f64x2.mul(a1, b1));
    const b2 = v128.load(c + c2);
    s02 = f64x2.add(s02, f64x2.mul(a0, b2));
    s12 = f64x2.add(s12, f64x2.mul(a1, b2));
    const b3 = v128.load(c + c3);
    s03 = f64x2.add(s03, f64x2.mul(a0, b3));
    s13 = f64x2.add(s13, f64x2.mul(a1, b3));
  }
  const at = place(matrix, pitch, row, column);
  subtractFour(at, s00, s01, s02, s03);
  subtractFour(at + pitch, s10, s11, s12, s13);
}

/** The same of one element. */
export function subtractDot(matrix: usize, pitch: usize, row: i32, column: i32, from: i32, depth: i32): void {
  let a = place(matrix, pitch, row, from);
  let c = place(matrix, pitch, column, from);
  const stop = a + ((<usize>depth) << 3);
  let sums = f64x2.splat(0);
  for (; a < stop; a += 16, c += 16) sums = f64x2.add(sums, f64x2.mul(v128.load(a), v128.load(c)));
  const at = place(matrix, pitch, row, column);
  store<f64>(at, load<f64>(at) - total(sums));
}

function subtractFour(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
  const cd = f64x2.add(v128.shuffle<f64>(c, d, 0, 2), v128.shuffle<f64>(c, d, 1, 3));
  v128.store(at, f64x2.sub(v128.load(at), ab));
  v128.store(at, f64x2.sub(v128.load(at, 16), cd), 16);
}

/** The sum of a vector's two numbers. */
export function total(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}
