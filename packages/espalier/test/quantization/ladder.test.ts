import { describe, expect, it } from "vitest";
import { firstGood, ladderOf, type Way } from "../../src/quantization/ladder.ts";

const ways = (...costs: readonly [Way["treatment"], number, number][]): Way[] =>
  costs.map(([treatment, price, cost]) => ({ treatment, price, cost }));

describe("ladderOf", () => {
  it("holds that layer better first which spares the most error for what it takes", () => {
    const plans = ladderOf(
      new Map([
        ["a", ways(["int8", 1, 0.5], ["int8 weights", 2, 0.1], ["float32", 4, 0])],
        ["b", ways(["int8", 1, 9], ["float32", 4, 0])],
      ]),
    );
    expect(plans.map((plan) => [...plan.values()].join())).toEqual([
      "int8,int8",
      "int8,float32",
      "int8 weights,float32",
      "float32,float32",
    ]);
  });

  it("passes over a way that costs more and is worse", () => {
    const plans = ladderOf(new Map([["a", ways(["int8", 1, 0.5], ["int8 weights", 2, 0.6], ["float32", 3, 0])]]));
    expect(plans.map((plan) => plan.get("a"))).toEqual(["int8", "float32"]);
  });

  it("leaves first what a runtime refuses", () => {
    const endless = Number.POSITIVE_INFINITY;
    const [, second] = ladderOf(
      new Map([
        ["a", ways(["int8", 1, 5], ["float32", 4, 0])],
        ["b", ways(["int8", 1, endless], ["float32", 4, 0])],
      ]),
    );
    expect(second.get("b")).toBe("float32");
  });
});

describe("firstGood", () => {
  it.each([0, 1, 5, 9])("finds %i of ten in few trials, without trying the last", async (first) => {
    const tried: number[] = [];
    const found = await firstGood(10, async (at) => {
      tried.push(at);
      return at >= first;
    });
    expect(found).toBe(first);
    expect(tried.length).toBeLessThan(5);
    expect(tried).not.toContain(9);
  });
});
