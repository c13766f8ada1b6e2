import { MOST_REFERENCES, type Reference } from "espalier-runtime/codec";

/** A tensor of words of 32 bits as rows. */
export interface Rows {
  readonly words: Uint32Array;
  readonly rows: number;
}

/** Where words are found again: here, or in a tensor before. */
export interface Found {
  /** `back` is 0. */
  readonly reference: Reference;
  readonly to?: Rows;
}

/** So many words are looked at for each reference that is tried, this part of them must be the same, and so many at least. */
const SAMPLES = 512;
const SAME = 0.5;
const LEAST = 8;
/** How many of the tensors before with as many words are tried. */
const TRIED = 32;
/** Words without their sign. */
const MAGNITUDE = 0x7fffffff;
/** What is foretold from above is within this part of what it is. */
const CLOSE = 2 ** -12;

/**
 * Finds where the words of a tensor are found again, but for their signs: mirrored in itself, row by row or column by
 * column, in the whole or in each half; or in a tensor before: as it is, mirrored, transposed, times a constant.
 * @param before tensors before
 * @returns the references that are worth it, the best first
 */
export function referencesOf({ words, rows }: Rows, before: readonly Rows[]): Found[] {
  const columns = words.length / rows;
  const found: (Found & { same: number })[] = [];
  const consider = (start: number, row: number, column: number, to?: Rows, factor = 0) => {
    const reference = { back: 0, start, row, column, factor };
    const same = sameIn(words, columns, reference, to?.words);
    if (same >= SAME) found.push({ reference, to, same });
  };
  const alike = before.filter((each) => each.words.length === words.length).slice(-TRIED);
  for (const to of alike.reverse()) {
    const whole = words.length - columns;
    consider(0, columns, 1, to);
    consider(columns - 1, columns, -1, to);
    consider(whole, -columns, 1, to);
    consider(words.length - 1, -columns, -1, to);
    consider(0, 1, rows, to);
    const factor = factorOf(words, to.words);
    if (factor > 0) consider(0, columns, 1, to, factor);
    // A tensor that is there as a whole needs no other.
    const same = found.find((each) => each.same === 1);
    if (same) return [same];
  }
  if (columns > 2) {
    consider(columns, columns, -1);
    consider(columns - 1, columns, -1);
  }
  if (rows > 2) {
    const half = rows / 2;
    const sums = [rows, rows - 1, ...(rows % 2 === 0 ? [half - 1, rows - 1 + half] : [])];
    for (const sum of sums) consider(sum * columns, -columns, 1);
  }
  return found.sort((a, b) => b.same - a.same).slice(0, MOST_REFERENCES);
}

/** The part of the words, of some that are not zero, that are the same but for their signs where a reference leads. */
function sameIn(words: Uint32Array, columns: number, reference: Reference, source = words): number {
  const { start, row, column, factor } = reference;
  const scale = floatOf(factor);
  let asked = 0;
  let same = 0;
  // An odd step meets all columns.
  const step = Math.max(1, Math.floor(words.length / SAMPLES) | 1);
  for (let t = 0; t < words.length; t += step) {
    const x = t % columns;
    const at = start + (row * (t - x)) / columns + column * x;
    if (words[t] === 0 || at < 0 || at >= (source === words ? t : source.length)) continue;
    asked++;
    const word = factor === 0 ? source[at] : wordOf(scale * floatOf(source[at]));
    if (((word ^ words[t]) & MAGNITUDE) === 0) same++;
  }
  return asked < LEAST ? 0 : same / asked;
}

/** The word of the factor between the first words that are not zero; 0 where there is none, or the words are the same. */
function factorOf(words: Uint32Array, source: Uint32Array): number {
  const at = words.findIndex((word) => word !== 0);
  const factor = at < 0 ? 0 : Math.abs(floatOf(words[at]) / floatOf(source[at]));
  return factor > 0 && Number.isFinite(factor) && Math.fround(factor) !== 1 ? wordOf(factor) : 0;
}

/** Whether words follow from the two above them, as in a Fourier basis: w[r] = c w[r - 1] - w[r - 2]. */
export function followFromAbove({ words, rows }: Rows): boolean {
  const columns = words.length / rows;
  if (rows < 4) return false;
  let asked = 0;
  let close = 0;
  const step = Math.max(1, Math.floor((columns * Math.min(rows, 64)) / SAMPLES) | 1);
  for (let x = 0; x < columns; x += step) {
    let products = 0;
    let squares = 0;
    for (let r = 2; r < Math.min(rows, 64); r++) {
      const t = r * columns + x;
      const [w, up, higher] = [t, t - columns, t - 2 * columns].map((at) => floatOf(words[at]));
      if (w !== 0) {
        asked++;
        if (Math.abs((products / squares) * up - higher - w) <= CLOSE * Math.abs(w)) close++;
      }
      products += up * (w + higher);
      squares += up * up;
    }
  }
  return asked >= LEAST && close >= SAME * asked;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function floatOf(word: number): number {
  bits[0] = word;
  return float[0];
}

function wordOf(value: number): number {
  float[0] = value;
  return bits[0];
}
