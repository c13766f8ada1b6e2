// Functions of each element, four lanes at a time. Pointers and steps are in bytes.

/** The codes by which a caller chooses: see `kernels.ts`. */
const ADD = 0;
const SUBTRACT = 1;
const MULTIPLY = 2;
const DIVIDE = 3;
const MAXIMUM = 4; // 5: minimum

const CLIP = 0;
const LEAKY = 1;
const HARD_SIGMOID = 2;
const HARD_SWISH = 3;
const EXPONENTIAL = 4;
const SIGMOID = 5; // 6: tanh

/**
 * y = a ? b for rows of so many elements. Each operand has a step of its own from row to row, and from element to
 * element: 4, or 0 where one number stands for the whole row.
 */
export function pairwise(
  operation: i32,
  rows: i32,
  length: i32,
  a: usize,
  aRow: i32,
  aStep: i32,
  b: usize,
  bRow: i32,
  bStep: i32,
  y: usize,
): void {
  for (let row = 0; row < rows; row++, a += aRow, b += bRow) {
    const end = y + ((<usize>length) << 2);
    let p = a;
    let q = b;
    let left = v128.load32_splat(a);
    let right = v128.load32_splat(b);
    for (; y + 16 <= end; y += 16, p += aStep << 2, q += bStep << 2) {
      if (aStep) left = v128.load(p);
      if (bStep) right = v128.load(q);
      v128.store(y, combined(operation, left, right));
    }
    for (; y < end; y += 4, p += aStep, q += bStep) {
      v128.store_lane<f32>(y, combined(operation, v128.load32_zero(p), v128.load32_zero(q)), 0);
    }
  }
}

function combined(operation: i32, a: v128, b: v128): v128 {
  if (operation === MULTIPLY) return f32x4.mul(a, b);
  if (operation === ADD) return f32x4.add(a, b);
  if (operation === SUBTRACT) return f32x4.sub(a, b);
  if (operation === DIVIDE) return f32x4.div(a, b);
  return operation === MAXIMUM ? f32x4.max(a, b) : f32x4.min(a, b);
}

/** y = f(x), f being shaped by two numbers. */
export function activate(activation: i32, count: i32, x: usize, y: usize, p: f32, q: f32): void {
  const end = y + ((<usize>count) << 2);
  const first = f32x4.splat(p);
  const second = f32x4.splat(q);
  // The commonest ones do not ask at every vector which they are.
  if (activation === CLIP) {
    for (; y + 16 <= end; y += 16, x += 16) v128.store(y, clipped(v128.load(x), first, second));
  } else if (activation === HARD_SWISH) {
    for (; y + 16 <= end; y += 16, x += 16) v128.store(y, hardSwish(v128.load(x), first, second));
  }
  for (; y + 16 <= end; y += 16, x += 16) v128.store(y, activated(activation, v128.load(x), first, second));
  for (; y < end; y += 4, x += 4) {
    v128.store_lane<f32>(y, activated(activation, v128.load32_zero(x), first, second), 0);
  }
}

/** Of two numbers, pmin and pmax keep the first where one is not a number, and are one instruction. */
function clipped(x: v128, p: v128, q: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, p), q);
}

function hardSigmoid(x: v128, p: v128, q: v128): v128 {
  return clipped(f32x4.add(f32x4.mul(x, p), q), f32x4.splat(0), f32x4.splat(1));
}

function hardSwish(x: v128, p: v128, q: v128): v128 {
  return f32x4.mul(x, hardSigmoid(x, p, q));
}

function activated(activation: i32, x: v128, p: v128, q: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (activation === CLIP) return clipped(x, p, q);
  if (activation === LEAKY) return v128.bitselect(f32x4.mul(x, p), x, f32x4.lt(x, zero));
  if (activation === HARD_SIGMOID) return hardSigmoid(x, p, q);
  if (activation === HARD_SWISH) return hardSwish(x, p, q);
  if (activation === EXPONENTIAL) return exponential(x, false);
  if (activation === SIGMOID) return f32x4.div(one, f32x4.add(exponential(f32x4.neg(x), false), one));
  // tanh |x| = (e^2|x| - 1) / (e^2|x| + 1), which is 1 from 10 on.
  const size = f32x4.pmin(f32x4.abs(x), f32x4.splat(10));
  const less = exponential(f32x4.add(size, size), true);
  const tanh = f32x4.div(less, f32x4.add(less, f32x4.splat(2)));
  return v128.bitselect(x, tanh, f32x4.splat(-0.0));
}

/**
 * e^x, or that less one: x = n ln 2 + r, so that e^x = 2^n e^r, and e^r is its series, whose next term is below 2^-27.
 * Less one it is 2^n (e^r - 1) + (2^n - 1), which loses nothing near 0, where n is 0.
 */
function exponential(x: v128, less: bool): v128 {
  // Outside of these float32 holds no power of e.
  const within = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(within, f32x4.splat(<f32>Math.LOG2E)));
  // ln 2 in two parts, of which n times the first is exact.
  let r = f32x4.sub(within, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(0.00021219444005469057)));
  let series = f32x4.splat(1 / 5040);
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1 / 720));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1 / 120));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1 / 24));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1 / 6));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(0.5));
  series = f32x4.add(f32x4.mul(f32x4.mul(series, r), r), r);
  // In two factors, each of which has an exponent in range.
  const power = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(power, 1);
  const low = powerOfTwo(half);
  const high = powerOfTwo(i32x4.sub(power, half));
  if (!less) return f32x4.mul(f32x4.mul(f32x4.add(series, f32x4.splat(1)), low), high);
  return f32x4.add(f32x4.mul(f32x4.mul(series, low), high), f32x4.sub(f32x4.mul(low, high), f32x4.splat(1)));
}

function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}
