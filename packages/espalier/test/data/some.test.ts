import { expect, test } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { someOf } from "../../src/data/some.ts";

const numbered: Split = {
  size: 10,
  read(indices, into) {
    Array.from(indices).forEach((index, i) => {
      into.x[i] = index;
    });
  },
};

test("some samples are spread over all", async () => {
  const some = someOf(numbered, 4);
  const x = new Float32Array(4);
  await some.read([0, 1, 2, 3], { x });
  expect(some.size).toBe(4);
  expect([...x]).toEqual([0, 2, 5, 7]);
});

test("all are left where there are no more, or where they follow each other", () => {
  expect(someOf(numbered, 10)).toBe(numbered);
  const stream = { ...numbered, stream: {} };
  expect(someOf(stream, 4)).toBe(stream);
});
