import { expect, it } from "vitest";
import { Cache } from "../../src/data/cache.ts";

it("a cache keeps what was asked for last, within its bytes", () => {
  const cache = new Cache(10);
  for (let i = 0; i < 3; i++) cache.set(i, new Uint8Array(4).fill(i));
  expect([0, 1, 2].map((i) => cache.get(i)?.[0])).toEqual([undefined, 1, 2]);
  cache.get(1);
  cache.set(3, new Uint8Array(3));
  expect([1, 2, 3].map((i) => cache.get(i) !== undefined)).toEqual([true, false, true]);
  cache.set(4, new Uint8Array(11));
  expect([1, 3, 4].map((i) => cache.get(i))).toEqual([undefined, undefined, undefined]);
});
