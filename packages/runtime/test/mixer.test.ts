import { describe, expect, it } from "vitest";
import { Cost } from "../../espalier/src/coding/cost.ts";
import { Mixer } from "../src/codec/mixer.ts";

describe("a mixer", () => {
  it.each([0, 1])("codes what is always %i for next to nothing, in contexts that are new too", (bit) => {
    const mixer = new Mixer({ contexts: [1, 1000], step: 131, inertia: 0.05, limit: 12 });
    const cost = new Cost();
    for (let i = 0; i < 10_000; i++) {
      // Each context is met first when less and less is doubted, and the rest of doubt must not turn round.
      mixer.select(1, i % 1000);
      mixer.code(cost, bit);
    }
    expect(cost.bits).toBeLessThan(5);
  });

  it("takes a prior of 1 for the most that a cell can say", () => {
    const mixer = new Mixer({ contexts: [1], step: 131, inertia: 1, prior: () => 1 });
    const cost = new Cost();
    mixer.code(cost, 1);
    expect(cost.bits).toBeLessThan(0.01);
  });
});
