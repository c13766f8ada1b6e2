import { Damage } from "./damage.ts";

/**
 * Codes binary decisions by their probabilities.
 *
 * An encoder writes what it is given; a decoder reads, and ignores what it is given. Models are written once, against
 * this interface, so that what one side codes the other decodes.
 */
export interface BitCoder {
  /**
   * Codes one decision and returns it.
   * @param one the probability that it is 1, in 1/65536, from 1 to 65535
   */
  code(bit: number, one: number): number;
  /** Codes a number of up to 16 bits whose values are all as likely, and returns it. */
  raw(value: number, bits: number): number;
}

/** 2^n for a whole n from 0 to 32, exactly: engines may compute `**` in their own way. */
export function powerOf2(n: number): number {
  return n < 32 ? (1 << n) >>> 0 : 0x100000000;
}

/** The logarithm to base 2 of a whole number from 1 to 2^32 - 1, rounded down. */
export function log2(n: number): number {
  return 31 - Math.clz32(n);
}

/** Codes a number of up to 32 bits as raw bits, the high ones first. */
export function codeBits(coder: BitCoder, value: number, bits: number): number {
  if (bits <= 16) return coder.raw(value, bits);
  const high = coder.raw(value >>> 16, bits - 16);
  return ((high << 16) | coder.raw(value & 0xffff, 16)) >>> 0;
}

/** Codes a whole number from 0 to 2^32 - 2 in about 2 log2(n + 1) bits (Elias gamma code of n + 1). */
export function codeNumber(coder: BitCoder, value: number): number {
  let bits = 0;
  while (coder.raw(value + 1 >= powerOf2(bits + 1) ? 1 : 0, 1)) {
    if (++bits > 31) throw new Damage("a number of more than 32 bits");
  }
  const base = powerOf2(bits);
  return base - 1 + codeBits(coder, value + 1 - base, bits);
}
