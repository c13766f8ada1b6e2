import { expect, it } from "vitest";
import { withNext } from "../../src/data/streams.ts";

it("each comes with those that follow it", () => {
  expect([...withNext([1, 2, 3], 2)]).toEqual([[1, 2], [2, 3], [3]]);
  expect([...withNext([1], 3)]).toEqual([[1]]);
  expect([...withNext([], 3)]).toEqual([]);
});
