import { type BitCoder, codeNumber, powerOf2 } from "./bit-coder.ts";
import { Damage } from "./damage.ts";
import type { WordType } from "./element-type.ts";
import { IntegerModel, LEVELS } from "./integers.ts";
import type { Store } from "./static.ts";
import { WordModel } from "./words.ts";

/** A tensor as small whole numbers: times scales where its words are floats, else above an offset. */
export interface Scaled {
  readonly numbers: Int32Array;
  /** The class of the mean magnitude of the numbers. */
  readonly level: number;
  /** Of floats: the words of the scales, by turns, each for so many elements behind one another. */
  readonly scales: Uint32Array;
  readonly inner: number;
  /** Low bits of the scales that are all zero, and bits above them that are raw. */
  readonly shift: number;
  readonly raw: number;
  /** Of other words: the word of the number 0. */
  readonly offset: number;
}

const IMPOSSIBLE = "numbers or scales that cannot be";

/** What a decoder gives. */
export const NO_SCALES = { level: 0, scales: new Uint32Array(0), inner: 1, shift: 0, raw: 0, offset: 0 };

/** Words of floats that have no magnitude begin here: infinities and NaNs, and above them what is negative. */
const INFINITE = 0x7f800000;

/**
 * Codes a tensor of scaled numbers.
 * @param given what is coded; a decoder gives `numbers` to be filled
 * @throws Damage when scales or offsets cannot be
 */
export function codeScaled(coder: BitCoder, given: Scaled, { width, float, view }: WordType): Scaled {
  const { numbers } = given;
  const level = coder.raw(given.level, 6);
  const head = float ? codeScales(coder, given) : { ...given, offset: codeNumber(coder, given.offset) };
  if (level >= LEVELS || (float && width !== 32) || head.offset >= powerOf2(width)) throw new Damage(IMPOSSIBLE);
  const model = new IntegerModel(view, level);
  for (let row = 0, t = 0; row < view.rows; row++) {
    for (let channel = 0; channel < view.channels; channel++) {
      for (let place = 0; place < view.kernel; place++, t++) {
        numbers[t] = model.code(coder, numbers, t, row, channel, place);
      }
    }
  }
  return head;
}

/** Codes the scales, with what is told of them. */
export function codeScales(coder: BitCoder, given: Scaled): Scaled {
  const words = given.numbers.length;
  const count = codeNumber(coder, given.scales.length - 1) + 1;
  const inner = codeNumber(coder, given.inner - 1) + 1;
  const shift = coder.raw(given.shift, 5);
  const raw = coder.raw(given.raw, 5);
  if (count > words || words % (count * inner) !== 0 || shift + raw > 32) throw new Damage(IMPOSSIBLE);
  const model = new WordModel({ width: 32, shift, float: true }, raw);
  const scales = new Uint32Array(count);
  scales.set(given.scales.subarray(0, count));
  for (let i = 0; i < count; i++) {
    scales[i] = model.code(coder, scales, i);
    if (scales[i] >= INFINITE) throw new Damage(IMPOSSIBLE);
  }
  return { ...given, scales, inner, shift, raw, offset: 0 };
}

/** Puts the words of scaled numbers into their places: float32(scale * number), or offset + number. */
export function storeScaled(store: Store, { numbers, scales, inner, offset }: Scaled): void {
  const product = new Float32Array(1);
  const word = new Uint32Array(product.buffer);
  const factors = new Float32Array(scales.buffer);
  const { length } = numbers;
  if (scales.length === 0) for (let t = 0; t < length; t++) store(t, offset + numbers[t]);
  for (let i = 0, t = 0; scales.length > 0 && t < length; i = (i + 1) % scales.length) {
    for (const end = t + inner; t < end; t++) {
      product[0] = factors[i] * numbers[t];
      store(t, word[0]);
    }
  }
}
