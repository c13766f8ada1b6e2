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
  const codes = new CodeTable(Math.min(words.length, LONGEST_CODEBOOK + 1));
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 0 && codes.add(words[i]) > LONGEST_CODEBOOK) return undefined;
  }
  return codes.words.sort((a, b) => rankOf(a, format) - rankOf(b, format));
}

/** The codes of a codebook by its words: a hash table, since there are millions of words to look up. */
export class CodeTable {
  /** The word of each code, from 0. */
  readonly #words: Uint32Array;
  /** The code in each slot, from 1; 0 where there is none. */
  readonly #slots: Uint16Array;
  readonly #shift: number;
  #size = 0;

  /** @param most words that it has room for */
  constructor(most: number) {
    const log = 2 + Math.ceil(Math.log2(Math.max(2, most)));
    this.#words = new Uint32Array(most);
    this.#slots = new Uint16Array(2 ** log);
    this.#shift = 32 - log;
  }

  /** The table in which each word has its place in the codebook, from 1. */
  static of(book: Uint32Array): CodeTable {
    const table = new CodeTable(book.length);
    for (const word of book) table.add(word);
    return table;
  }

  /** Adds a word that may be there already. @returns how many there are: at most as many as there is room for */
  add(word: number): number {
    const slot = this.#slotOf(word);
    if (this.#slots[slot] === 0) {
      this.#words[this.#size] = word;
      this.#slots[slot] = ++this.#size;
    }
    return this.#size;
  }

  /** The code of a word that is there. */
  code(word: number): number {
    return this.#slots[this.#slotOf(word)];
  }

  /** A copy of the words, in the order in which they came. */
  get words(): Uint32Array {
    return this.#words.slice(0, this.#size);
  }

  #slotOf(word: number): number {
    const slots = this.#slots;
    let slot = Math.imul(word, 0x9e3779b1) >>> this.#shift;
    while (slots[slot] !== 0 && this.#words[slots[slot] - 1] !== word) slot = (slot + 1) & (slots.length - 1);
    return slot;
  }
}
