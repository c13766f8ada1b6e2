import type { BitCoder } from "./bit-coder.ts";
import { DICTIONARY } from "./dictionary.ts";
import { Mixer } from "./mixer.ts";

/** The logarithm of how many cells a hashed context has. */
const HASHED = 16;
/** The longest match that is told from longer ones. */
const LONGEST = 31;
/** Orders of context: so many bytes before the one that is coded. */
const ORDERS = 4;

/**
 * Codes bytes by what came before them: in the contexts of the last 0 to 4 bytes and of the word, and where the last 4
 * bytes were seen before, by the byte that followed. It has seen the dictionary first.
 * @param bytes what is coded; a decoder fills it
 */
export function codeText(coder: BitCoder, bytes: Uint8Array, dictionary = DICTIONARY): void {
  const model = new TextModel(new Uint8Array(dictionary.length + bytes.length));
  const deaf: BitCoder = { code: (bit) => bit, raw: (value) => value };
  for (const byte of dictionary) model.code(deaf, byte);
  for (let i = 0; i < bytes.length; i++) bytes[i] = model.code(coder, bytes[i]);
}

class TextModel {
  readonly #bytes: Uint8Array;
  #length = 0;
  /** The hash of each context, those of the orders from 2 and of the word. */
  readonly #hashes = new Uint32Array(ORDERS);
  #word = 0;
  /** Where the last 4 bytes, by their hash, were last followed by something. */
  readonly #followers = new Uint32Array(1 << 16);
  #match = 0;
  #matched = 0;
  readonly #mixer = new Mixer({
    contexts: [256, 1 << 16, ...new Array<number>(ORDERS).fill(1 << HASHED), 4 * (LONGEST + 1)],
    sets: 4,
    step: 131,
    inertia: 0.05,
    limit: 12,
  });

  /** @param bytes the room for all that will be coded */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  code(coder: BitCoder, byte: number): number {
    const bytes = this.#bytes;
    const length = this.#length;
    const last = length > 0 ? bytes[length - 1] : 0;
    const expected = bytes[this.#match] + 256;
    const matched = Math.min(this.#matched, LONGEST);
    const mixer = this.#mixer;
    let node = 1;
    for (let level = 7; level >= 0; level--) {
      mixer.select(0, node);
      mixer.select(1, 256 * last + node);
      this.#hashes.forEach((hash, i) => {
        mixer.select(2 + i, Math.imul(hash + node, 0x9e3779b1) >>> (32 - HASHED));
      });
      const fits = matched > 0 && expected >> (level + 1) === node;
      mixer.select(2 + ORDERS, fits ? 4 * matched + ((expected >> level) & 1) : 0);
      const set = fits ? (matched < 16 ? 1 : matched < LONGEST ? 2 : 3) : 0;
      node = 2 * node + mixer.code(coder, (byte >> level) & 1, set);
    }
    this.#append(node - 256);
    return node - 256;
  }

  #append(byte: number): void {
    const bytes = this.#bytes;
    this.#matched = this.#matched > 0 && bytes[this.#match] === byte ? this.#matched + 1 : 0;
    this.#match++;
    bytes[this.#length++] = byte;
    const letter = (byte | 32) >= 97 && (byte | 32) <= 122;
    this.#word = letter ? Math.imul(this.#word + byte, 0x2f0b4c47) : 0;
    let hash = 0;
    for (let order = 1; order <= ORDERS; order++) {
      hash = Math.imul(hash ^ (bytes[this.#length - order] ?? 0), 0x2c1b3c6d) + order;
      hash ^= hash >>> 15;
      if (order > 1) this.#hashes[order - 2] = hash;
    }
    this.#hashes[ORDERS - 1] = this.#word;
    const slot = hash >>> 16;
    if (this.#matched === 0) {
      this.#match = this.#followers[slot];
      while (
        this.#matched < LONGEST &&
        bytes[this.#match - 1 - this.#matched] === bytes[this.#length - 1 - this.#matched]
      ) {
        this.#matched++;
      }
    }
    this.#followers[slot] = this.#length;
  }
}
