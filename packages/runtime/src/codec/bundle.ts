import { type BitCoder, codeNumber, powerOf2 } from "./bit-coder.ts";
import { codeCodebook, LONGEST_CODEBOOK, rankOf } from "./codebook.ts";
import { Neighbours } from "./context-tensor.ts";
import { Damage } from "./damage.ts";
import type { WordType } from "./element-type.ts";
import { densityOf, NumberModel } from "./numbers.ts";
import { storeScaled } from "./scaled.ts";
import type { Store } from "./static.ts";
import { LARGEST_KERNEL, type View } from "./view.ts";
import { WordModel } from "./words.ts";

/** What the numbers of a tensor in a bundle stand for: products with scales, distances from a word, entries, words. */
export const SCALES = 0;
export const DISTANCES = 1;
export const ENTRIES = 2;
export const WORDS = 3;

/** All tensors of a bundle have at most so many words. */
export const MOST_IN_BUNDLE = 2 ** 22;

/** A tensor of a bundle. */
export interface Bundled {
  readonly kind: number;
  readonly view: View;
  /** A class of the part that is not zero: {@link densityOf}. */
  readonly level: number;
  /** What is coded of each element, 0 for the word 0 where zeros lie apart. */
  readonly numbers: Int32Array;
  /** Of scales: their words; they take turns, each for so many elements. */
  readonly scales: Uint32Array;
  readonly inner: number;
  /** Of distances: the word of the number 0. */
  readonly offset: number;
  /** Of entries: their words in the order of their ranks. */
  readonly book: Uint32Array;
  /** Of scales, entries and words: how many low bits are zero in all. */
  readonly shift: number;
  /** Of scales and words: how many bits above these are raw. */
  readonly raw: number;
}

const IMPOSSIBLE = "numbers of a bundle that cannot be";
const NO_WORDS = new Uint32Array(0);
const INFINITE = 0x7f800000;

/** What a decoder knows of a tensor but its numbers and its view. */
export const NOTHING = { kind: 0, level: 0, scales: NO_WORDS, inner: 1, offset: 0, book: NO_WORDS, shift: 0, raw: 0 };

/**
 * Codes which tensors a bundle holds.
 * @throws Damage when these are more than any writer puts there
 */
export function codeHolds(coder: BitCoder, tensors: readonly WordType[], given: readonly boolean[]): boolean[] {
  const all = coder.raw(given.every((held) => held) ? 1 : 0, 1) === 1;
  let words = 0;
  return tensors.map(({ bytes, width }, i) => {
    const held = all || coder.raw(given[i] ? 1 : 0, 1) === 1;
    if (held) words += (8 * bytes) / width;
    if (words > MOST_IN_BUNDLE) throw new Damage("more words in a bundle than any writer puts there");
    return held;
  });
}

/** Codes tensors behind one another, each with what was learnt of those before it. */
export class Bundle {
  readonly #numbers = new NumberModel();
  readonly #neighbours = new Neighbours();
  readonly #words = new Map<string, WordModel>();

  /** How many rows the tensors before had. */
  get rows(): number[] {
    return this.#neighbours.rows;
  }

  /**
   * Codes a tensor.
   * @param given what is coded; a decoder gives `numbers` to be filled
   * @throws Damage when what is coded cannot be
   */
  code(coder: BitCoder, type: WordType, given: Bundled): Bundled {
    const { width, float } = type;
    const kind = coder.raw(given.kind, 2);
    const level = coder.raw(given.level, 6);
    const { numbers } = given;
    const head = { ...NOTHING, kind, level, numbers };
    let alone: WordModel | undefined;
    if (kind === SCALES) {
      if (!float || width !== 32) throw new Damage(IMPOSSIBLE);
      Object.assign(head, this.#scales(coder, type, given));
    } else if (kind === DISTANCES) {
      head.offset = codeNumber(coder, given.offset);
      if (float || head.offset >= powerOf2(width)) throw new Damage(IMPOSSIBLE);
    } else {
      head.shift = coder.raw(given.shift, 5);
      if (head.shift >= width) throw new Damage(IMPOSSIBLE);
      if (kind === ENTRIES) {
        const entries = codeNumber(coder, given.book.length);
        if (entries > LONGEST_CODEBOOK || (entries === 0 && numbers.length > 0)) throw new Damage(IMPOSSIBLE);
        head.book = new Uint32Array(entries);
        head.book.set(given.book);
        codeCodebook(coder, head.book, { width, float, shift: head.shift });
      } else {
        head.raw = coder.raw(given.raw, 5);
        alone = this.#wordsOf(width, float, head.shift, head.raw);
      }
    }
    const view = codeView(coder, given.view, type.view);
    const columns = view.channels * view.kernel;
    this.#numbers.code(coder, numbers, view, densityOf(level), this.#neighbours.activity(columns), alone);
    this.#neighbours.add(numbers, view.rows);
    return { ...head, view };
  }

  #scales(coder: BitCoder, { view }: WordType, given: Bundled): Pick<Bundled, "scales" | "inner" | "shift" | "raw"> {
    const words = given.numbers.length;
    const each = words / view.rows;
    // One, one for each row, or any.
    const turns = coder.raw(
      given.scales.length === 1 ? 0 : given.scales.length === view.rows && given.inner === each ? 1 : 2,
      2,
    );
    const count = turns === 0 ? 1 : turns === 1 ? view.rows : codeNumber(coder, given.scales.length - 1) + 1;
    const inner = turns === 0 ? words : turns === 1 ? each : codeNumber(coder, given.inner - 1) + 1;
    const shift = coder.raw(given.shift, 5);
    const raw = coder.raw(given.raw, 5);
    if (count > words || words % (count * inner) !== 0) throw new Damage(IMPOSSIBLE);
    const model = this.#wordsOf(32, true, shift, raw);
    const scales = new Uint32Array(count);
    scales.set(given.scales.subarray(0, count));
    for (let i = 0; i < count; i++) {
      scales[i] = model.code(coder, scales, i);
      if (scales[i] >= INFINITE) throw new Damage(IMPOSSIBLE);
    }
    return { scales, inner, shift, raw };
  }

  #wordsOf(width: number, float: boolean, shift: number, raw: number): WordModel {
    if (shift + raw > width) throw new Damage(IMPOSSIBLE);
    const key = `${width} ${float} ${shift} ${raw}`;
    const known = this.#words.get(key) ?? new WordModel({ width, float, shift }, raw);
    this.#words.set(key, known);
    return known;
  }
}

/** The view that the shape suggests, or square images of so many channels. */
function codeView(coder: BitCoder, view: View, suggested: View): View {
  if (coder.raw(view.kernel === suggested.kernel ? 1 : 0, 1)) return suggested;
  const { rows, channels: columns } = suggested;
  const channels = codeNumber(coder, view.channels - 1) + 1;
  const kernel = columns / channels;
  let width = 1;
  while (width * width < kernel && width < LARGEST_KERNEL) width++;
  if (suggested.kernel !== 1 || width * width !== kernel || kernel > LARGEST_KERNEL) throw new Damage(IMPOSSIBLE);
  return { rows, channels, kernel, width };
}

/** Puts the words of a tensor of a bundle into their places. */
export function storeBundled(
  store: Store,
  { kind, numbers, scales, inner, offset, book }: Bundled,
  type: WordType,
): void {
  if (kind === SCALES || kind === DISTANCES) {
    storeScaled(store, { numbers, scales, inner, offset, level: 0, shift: 0, raw: 0 });
    return;
  }
  const zero = rankOf(0, { ...type, shift: 0 });
  const negative = book.filter((word) => rankOf(word, { ...type, shift: 0 }) < zero).length;
  for (let t = 0; t < numbers.length; t++) {
    const number = numbers[t];
    const at = negative + number - (number > 0 ? 1 : 0);
    if (kind === ENTRIES && number !== 0 && !(at >= 0 && at < book.length)) throw new Damage(IMPOSSIBLE);
    store(t, kind === WORDS ? number >>> 0 : number === 0 ? 0 : book[at]);
  }
}
