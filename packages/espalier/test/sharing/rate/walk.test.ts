import { describe, expect, it } from "vitest";
import { nextTrial, type RateTrial, smallestOf } from "../../../src/sharing/rate/walk.ts";

/** Walks to the end, where networks are good enough up to a price, and smaller the higher it is. */
function walked(first: number, most: number): RateTrial[] {
  const trials: RateTrial[] = [];
  for (let next = nextTrial(trials, first); next; next = nextTrial(trials, first)) {
    const { lambda, from } = next;
    if (from !== undefined) expect(trials[from].accepted).toBe(true);
    trials.push({ lambda, bytes: Math.round(1000 / lambda), density: 1, validation: lambda, accepted: lambda <= most });
  }
  return trials;
}

describe("a walk along prices of a bit", () => {
  it("goes up while networks are good enough, then between the last that was and the first that was not", () => {
    const trials = walked(1, 5);
    expect(trials.slice(0, 4).map(({ lambda }) => lambda)).toEqual([1, 2, 4, 8]);
    const best = trials[smallestOf(trials) ?? -1];
    expect(best.lambda).toBeGreaterThan(5 / 1.2);
    expect(best.lambda).toBeLessThanOrEqual(5);
  });

  it("begins anew from the network as it came where the first price is too high, and gives up at last", () => {
    const trials = walked(1, 0.05);
    expect(trials.slice(0, 4).map(({ lambda }) => lambda)).toEqual([1, 1 / 4, 1 / 16, 1 / 64]);
    expect(trials[smallestOf(trials) ?? -1].lambda).toBeGreaterThan(0.05 / 1.2);
    const none = walked(1, 0);
    expect(none.every(({ accepted }) => !accepted)).toBe(true);
    expect(smallestOf(none)).toBeUndefined();
    expect(nextTrial(none.slice(0, 2), 1)?.from).toBeUndefined();
  });

  it("ends where every price will do", () => {
    expect(walked(1, Number.POSITIVE_INFINITY).length).toBeLessThan(40);
  });
});
