import { LONGEST_CODEBOOK, rankOf, type WordFormat, type WordType } from "espalier-runtime/codec";

/** What there is to know of a tensor before it is coded. */
export interface Survey {
  readonly words: Uint32Array;
  readonly type: WordType;
  readonly nonzero: number;
  readonly format: WordFormat;
  /** The different words that are not zero, in the order of their ranks, or undefined where they are too many. */
  readonly distinct: Uint32Array | undefined;
  /** Whether tensors behind it refer to it. */
  readonly kept?: boolean;
}

/** Looks at a tensor's bytes. */
export function survey(bytes: Uint8Array, type: WordType): Survey {
  const words = wordsOfBytes(bytes, type.width);
  let nonzero = 0;
  let any = 0;
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 0) nonzero++;
    any |= words[i];
  }
  const shift = any === 0 ? 0 : 31 - Math.clz32(any & -any);
  const format = { width: type.width, float: type.float, shift };
  return { words, type, nonzero, format, distinct: distinctOf(words, format) };
}

function wordsOfBytes(bytes: Uint8Array, width: number): Uint32Array {
  // A copy, since words must lie at multiples of their size.
  if (width === 32) return new Uint32Array(bytes.slice().buffer);
  return Uint32Array.from(width === 16 ? new Uint16Array(bytes.slice().buffer) : bytes);
}

function distinctOf(words: Uint32Array, format: WordFormat): Uint32Array | undefined {
  const codes = new CodeTable();
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 0 && codes.add(words[i]) > LONGEST_CODEBOOK) return undefined;
  }
  return codes.words().sort((a, b) => rankOf(a, format) - rankOf(b, format));
}

/** The codes of a codebook by its words: a hash table, since there are millions of words to look up. */
export class CodeTable {
  readonly #keys = new Uint32Array(4 * LONGEST_CODEBOOK);
  readonly #codes = new Uint16Array(4 * LONGEST_CODEBOOK);
  #size = 0;

  /** The table in which each word has its place in the codebook, from 1. */
  static of(book: Uint32Array): CodeTable {
    const table = new CodeTable();
    for (const word of book) table.add(word);
    return table;
  }

  /** Adds a word that may be there already. @returns how many there are; stop beyond the longest codebook */
  add(word: number): number {
    const slot = this.#slotOf(word);
    if (this.#codes[slot] === 0) {
      this.#keys[slot] = word;
      this.#codes[slot] = ++this.#size;
    }
    return this.#size;
  }

  /** The code of a word that is there. */
  code(word: number): number {
    return this.#codes[this.#slotOf(word)];
  }

  words(): Uint32Array {
    return this.#keys.filter((_, slot) => this.#codes[slot] !== 0);
  }

  #slotOf(word: number): number {
    const mask = this.#keys.length - 1;
    let slot = Math.imul(word, 0x9e3779b1) >>> 18;
    while (this.#codes[slot] !== 0 && this.#keys[slot] !== word) slot = (slot + 1) & mask;
    return slot;
  }
}
