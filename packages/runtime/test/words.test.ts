import { expect, it } from "vitest";
import { Cost } from "../../espalier/src/coding/cost.ts";
import { random } from "../../espalier/src/random.ts";
import { WordModel } from "../src/codec/words.ts";

it("learns low bits from the high ones, in cells that nothing else writes to", () => {
  const model = new WordModel({ width: 16, shift: 0, float: false }, 0);
  const cost = new Cost();
  const { below } = random(1, "words");
  // The high byte is noise; the low one follows from it, and nothing from the word before.
  const words = Uint32Array.from({ length: 40_000 }, () => {
    const high = below(256);
    return (high << 8) | ((high * 77 + 5) & 255);
  });
  for (let t = 0; t < words.length; t++) model.code(cost, words, t);
  expect(cost.bits / words.length).toBeLessThan(8.11);
});
