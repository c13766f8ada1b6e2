import { multiplyAdd } from "./multiply-add";

// From floats and sums to bytes, and back. Pointers are in bytes; what is `signed` is int8, else uint8.

/** What is as far from a byte's zero as floats are cut to before they become whole numbers. */
const FAR: f32 = 65536;

/** y = round(x / scale) + zero, held in the range of a byte; of two whole numbers as near, the even one. */
export function quantize(count: i32, input: usize, output: usize, scale: f32, zero: i32, signed: bool): void {
  const by = f32x4.splat(scale);
  const end = output + <usize>count;
  for (; output + 8 <= end; output += 8, input += 32) {
    const low = f32x4.div(v128.load(input), by);
    const high = f32x4.div(v128.load(input, 16), by);
    v128.store64_lane(output, bytesOf(low, high, zero, signed), 0);
  }
  for (; output < end; output++, input += 4) {
    const one = f32x4.div(v128.load32_zero(input), by);
    v128.store8_lane(output, bytesOf(one, one, zero, signed), 0);
  }
}

/** y = (x - zero) scale */
export function dequantize(count: i32, input: usize, output: usize, scale: f32, zero: i32, signed: bool): void {
  const by = f32x4.splat(scale);
  const minus = i16x8.splat(<i16>zero);
  const end = input + <usize>count;
  for (; input + 8 <= end; input += 8, output += 32) {
    const wide = i16x8.sub(signed ? v128.load_ext<i8>(input) : v128.load_ext<u8>(input), minus);
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide)), by));
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(wide)), by), 16);
  }
  for (; input < end; input++, output += 4) {
    const byte = signed ? <i32>load<i8>(input) : <i32>load<u8>(input);
    store<f32>(output, <f32>(byte - zero) * scale);
  }
}

/**
 * Rows of sums as bytes: y = round((x + b) f) + zero.
 * @param along true if each element of a row has a bias b and a factor f of its own; else each row has
 */
export function requantize(
  rows: i32,
  length: i32,
  sums: usize,
  biases: usize,
  factors: usize,
  along: bool,
  output: usize,
  zero: i32,
  signed: bool,
): void {
  for (let row = 0; row < rows; row++) {
    let b = along ? biases : biases + ((<usize>row) << 2);
    let f = along ? factors : factors + ((<usize>row) << 2);
    let bias = v128.load32_splat(b);
    let factor = v128.load32_splat(f);
    let bias2 = bias;
    let factor2 = factor;
    const end = output + <usize>length;
    for (; output + 8 <= end; output += 8, sums += 32) {
      if (along) {
        bias = v128.load(b);
        bias2 = v128.load(b, 16);
        factor = v128.load(f);
        factor2 = v128.load(f, 16);
        b += 32;
        f += 32;
      }
      const low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums), bias)), factor);
      const high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums, 16), bias2)), factor2);
      v128.store64_lane(output, bytesOf(low, high, zero, signed), 0);
    }
    for (; output < end; output++, sums += 4) {
      if (along) {
        bias = v128.load32_zero(b);
        factor = v128.load32_zero(f);
        b += 4;
        f += 4;
      }
      const one = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load32_zero(sums), bias)), factor);
      v128.store8_lane(output, bytesOf(one, one, zero, signed), 0);
    }
  }
}

/** Rows of sums as floats: y = s x + b, at least `floor`; scales s and biases b as above. */
export function scaleSums(
  rows: i32,
  length: i32,
  sums: usize,
  biases: usize,
  scales: usize,
  along: bool,
  output: usize,
  floor: f32,
): void {
  const low = f32x4.splat(floor);
  for (let row = 0; row < rows; row++) {
    let b = along ? biases : biases + ((<usize>row) << 2);
    let s = along ? scales : scales + ((<usize>row) << 2);
    let bias = v128.load32_splat(b);
    let scale = v128.load32_splat(s);
    const end = output + ((<usize>length) << 2);
    for (; output + 16 <= end; output += 16, sums += 16) {
      if (along) {
        bias = v128.load(b);
        scale = v128.load(s);
        b += 16;
        s += 16;
      }
      v128.store(output, f32x4.pmax(multiplyAdd(bias, f32x4.convert_i32x4_s(v128.load(sums)), scale), low));
    }
    for (; output < end; output += 4, sums += 4) {
      if (along) {
        bias = v128.load32_zero(b);
        scale = v128.load32_zero(s);
        b += 4;
        s += 4;
      }
      const one = multiplyAdd(bias, f32x4.convert_i32x4_s(v128.load32_zero(sums)), scale);
      v128.store_lane<f32>(output, f32x4.pmax(one, low), 0);
    }
  }
}

/**
 * Lays planes of bytes as `correlateCodes` reads them: less their zero, two planes side by side.
 * @param planes the last of an odd number has zeros beside it
 * @param pitch bytes from a pair of planes to the next where they are laid
 */
export function pairPlanes(
  planes: i32,
  size: i32,
  input: usize,
  output: usize,
  pitch: usize,
  zero: i32,
  signed: bool,
): void {
  const minus = i16x8.splat(<i16>zero);
  const none = i16x8.splat(0);
  for (let c = 0; c < planes; c += 2, output += pitch) {
    const alone = c + 1 === planes;
    const end = input + <usize>size;
    let y = output;
    for (; input + 8 <= end; input += 8, y += 32) {
      const a = i16x8.sub(signed ? v128.load_ext<i8>(input) : v128.load_ext<u8>(input), minus);
      const next = input + <usize>size;
      const b = alone ? none : i16x8.sub(signed ? v128.load_ext<i8>(next) : v128.load_ext<u8>(next), minus);
      v128.store(y, v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(y, v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    }
    for (; input < end; input++, y += 4) {
      store<i16>(y, <i16>(byteAt(input, signed) - zero));
      store<i16>(y, alone ? 0 : <i16>(byteAt(input + <usize>size, signed) - zero), 2);
    }
    input += alone ? 0 : <usize>size;
  }
}

function byteAt(at: usize, signed: bool): i32 {
  return signed ? <i32>load<i8>(at) : <i32>load<u8>(at);
}

/** Eight floats as bytes around a zero: rounded, and held in their range. */
function bytesOf(low: v128, high: v128, zero: i32, signed: bool): v128 {
  const plus = i32x4.splat(zero);
  const words = i16x8.narrow_i32x4_s(i32x4.add(wholeOf(low), plus), i32x4.add(wholeOf(high), plus));
  return signed ? i8x16.narrow_i16x8_s(words, words) : i8x16.narrow_i16x8_u(words, words);
}

function wholeOf(x: v128): v128 {
  const near = f32x4.min(f32x4.max(x, f32x4.splat(-FAR)), f32x4.splat(FAR));
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(near));
}
