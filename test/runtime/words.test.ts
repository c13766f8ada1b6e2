import { expect, it } from "vitest";
import { Cost } from "../../src/coding/cost.ts";
import { WordModel } from "../../src/runtime/words.ts";

it("learns the low bits of words from the high ones", () => {
  const model = new WordModel({ width: 16, shift: 0, float: false }, 0);
  const cost = new Cost();
  // The high byte is noise of 8 bits; the low one follows from it alone.
  const words = Uint32Array.from({ length: 20_000 }, (_, t) => {
    const high = (Math.imul(t + 1, 0x9e3779b1) >>> 13) & 255;
    return (high << 8) | ((high * 77 + 5) & 255);
  });
  for (let t = 0; t < words.length; t++) model.code(cost, words, t);
  expect(cost.bits / words.length).toBeLessThan(9.5);
});
