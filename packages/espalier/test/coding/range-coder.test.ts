import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BitCoder, codeBits, codeNumber } from "../../../runtime/src/codec/bit-coder.ts";
import { RangeDecoder } from "../../../runtime/src/codec/range-decoder.ts";
import { RangeEncoder } from "../../src/coding/range-encoder.ts";

type Event = { readonly one: number; readonly bit: number } | { readonly value: number; readonly bits: number };

const decision = fc.record({
  one: fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 2, 32768, 65534, 65535)),
  bit: fc.integer({ min: 0, max: 1 }),
});
const raw = fc
  .integer({ min: 0, max: 16 })
  .chain((bits) => fc.record({ bits: fc.constant(bits), value: fc.integer({ min: 0, max: 2 ** bits - 1 }) }));
const events = fc.array(fc.oneof<fc.Arbitrary<Event>[]>(decision, raw), { maxLength: 300 });

const code = (coder: BitCoder, event: Event, known: boolean) =>
  "one" in event ? coder.code(known ? event.bit : 0, event.one) : coder.raw(known ? event.value : 0, event.bits);

describe("the range coder", () => {
  it("decodes what it encoded, likely or not", () => {
    fc.assert(
      fc.property(events, (sequence) => {
        const encoder = new RangeEncoder();
        for (const event of sequence) code(encoder, event, true);
        const decoder = new RangeDecoder(encoder.finish());
        for (const event of sequence) {
          expect(code(decoder, event, false)).toBe("one" in event ? event.bit : event.value);
        }
      }),
    );
  });

  it("carries through runs of 255", () => {
    // Decisions that stay at the very top of the range, and then leave it upwards.
    for (let length = 0; length < 40; length++) {
      const encoder = new RangeEncoder();
      const sequence: Event[] = Array.from({ length: 60 }, (_, i) => ({ one: 65535, bit: i === length ? 1 : 0 }));
      for (const event of sequence) code(encoder, event, true);
      const decoder = new RangeDecoder(encoder.finish());
      expect(sequence.map((event) => code(decoder, event, false))).toEqual(
        sequence.map((_, i) => (i === length ? 1 : 0)),
      );
    }
  });

  it("takes as many bytes as the decisions cost", () => {
    const encoder = new RangeEncoder();
    let bits = 0;
    for (let i = 0; i < 20000; i++) {
      const bit = i % 10 === 0 ? 1 : 0;
      encoder.code(bit, 6554);
      bits -= Math.log2(bit ? 0.1 : 0.9);
    }
    const { length } = encoder.finish();
    expect(length).toBeLessThan(bits / 8 + 4);
    expect(length).toBeGreaterThan(bits / 8 - 4);
  });

  it("codes numbers of every size", () => {
    const numbers = [0, 1, 2, 3, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32 - 2];
    const words = [0, 1, 0xffff, 0x10000, 0xffffffff];
    const encoder = new RangeEncoder();
    for (const number of numbers) codeNumber(encoder, number);
    for (const word of words) codeBits(encoder, word, 32);
    const decoder = new RangeDecoder(encoder.finish());
    expect(numbers.map(() => codeNumber(decoder, 0))).toEqual(numbers);
    expect(words.map(() => codeBits(decoder, 0, 32))).toEqual(words);
  });
});
