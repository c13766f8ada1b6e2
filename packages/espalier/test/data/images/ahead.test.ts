import { expect, it } from "vitest";
import { Ahead } from "../../../src/data/images/ahead.ts";

/** Photographs of so many bytes, of which those from 90 on cannot be read, and those from 80 on not be decoded. */
function photographs(most: number) {
  const begun: number[] = [];
  const ahead = new Ahead((number) => {
    if (number >= 90) throw new Error("not there");
    begun.push(number);
    const pixels = number >= 80 ? Promise.reject(new Error("damaged")) : Promise.resolve(Uint8Array.of(number));
    return { bytes: 10, pixels };
  }, most);
  return { ahead, begun };
}

it("photographs are begun with once, those that cannot be read left out", async () => {
  const { ahead, begun } = photographs(1000);
  ahead.prepare([3, 99, 3, 1]);
  ahead.prepare([1, 3, 2]);
  expect(begun).toEqual([3, 1, 2]);
  expect(await ahead.take(1)).toEqual(Uint8Array.of(1));
  expect(ahead.take(1)).toBeUndefined();
  expect(ahead.take(99)).toBeUndefined();
});

it("what is damaged is told to whoever asks for it, and to nobody else", async () => {
  const { ahead } = photographs(1000);
  ahead.prepare([80, 81]);
  await new Promise((resolve) => setTimeout(resolve));
  await expect(ahead.take(80)).rejects.toThrow("damaged");
});

it("no more are begun with than there is room for, until some are taken or given up", () => {
  const { ahead, begun } = photographs(20);
  ahead.prepare([1, 2, 3, 4]);
  expect(begun).toEqual([1, 2]);
  ahead.take(1);
  ahead.prepare([2, 3, 4]);
  expect(begun).toEqual([1, 2, 3]);
  ahead.prepare([5, 6, 7]);
  expect(begun).toEqual([1, 2, 3, 5, 6]);
});
