import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Split } from "../../../src/data/dataset.ts";
import { openText } from "../../../src/data/node/text.ts";
import { streams } from "../../../src/data/streams.ts";
import {
  divide,
  encode,
  join,
  statedVocabulary,
  UNKNOWN,
  VOCABULARY_KEY,
  vocabularyOf,
} from "../../../src/data/text/vocabulary.ts";

const ALICE = new URL("../../fixtures/text/alice.txt", import.meta.url).pathname;
const folder = mkdtempSync(joinPath(tmpdir(), "espalier-text-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, contents: string | Uint8Array): string {
  const path = joinPath(folder, name);
  writeFileSync(path, contents);
  return path;
}

async function read(split: Split, samples: number[], window: number) {
  const tokens = new BigInt64Array(samples.length * window);
  const next = new Int32Array(samples.length * window);
  await split.read(samples, { tokens, next });
  return { inputs: Array.from(tokens, Number), labels: [...next] };
}

describe("tokens", () => {
  it("are characters by Unicode's code points, or words and signs", () => {
    expect(divide("añ😀\n", "characters")).toEqual(["a", "ñ", "😀", "\n"]);
    expect(divide("It's 5 o'clock,\nMr. Ñandú!", "words")).toEqual([
      "It's",
      "5",
      "o'clock",
      ",",
      "\n",
      "Mr",
      ".",
      "Ñandú",
      "!",
    ]);
  });

  it("are put together again", () => {
    expect(join(divide("No, (she said) no!\nYes.", "words"), "words")).toBe("No, (she said) no!\nYes.");
  });

  it("are in the vocabulary by code, or the most frequent first", () => {
    expect(vocabularyOf(["b", "a", "b"], "characters", 1).tokens).toEqual(["a", "b"]);
    expect(vocabularyOf(["b", "a", "c", "c", "a"], "words", 3).tokens).toEqual([UNKNOWN, "a", "c"]);
  });

  it("that a vocabulary lacks are unknown words, and no characters", () => {
    const words = vocabularyOf(["one"], "words", 10);
    expect([...encode(["one", "two"], words, "it")]).toEqual([1, 0]);
    const characters = vocabularyOf(["a"], "characters", 10);
    expect(() => encode(["a", "é"], characters, "it.txt")).toThrow(/^it\.txt has "é" as token 1, and the network/);
  });
});

describe("a text", () => {
  it("is windows whose labels are the tokens that follow, in three parts one behind the other", async () => {
    const path = write("alphabet.txt", "abcdefghijklmnopqrstuvwxyz".repeat(4));
    const data = openText(path, { window: 5, parts: [0.5, 0.25, 0.25] });
    expect(data.classes).toBe(26);
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([10, 5, 5]);
    const { inputs, labels } = await read(data.train, [1, 5], 5);
    expect(inputs).toEqual([5, 6, 7, 8, 9, 25, 0, 1, 2, 3]);
    expect(labels).toEqual([6, 7, 8, 9, 10, 0, 1, 2, 3, 4]);
    // The second part begins with the 53rd character.
    expect((await read(data.validation, [0], 5)).inputs).toEqual([0, 1, 2, 3, 4]);
  });

  it("counts the characters of its words", () => {
    const data = openText(ALICE, { unit: "words", window: 8 });
    expect(data.vocabulary?.tokens[0]).toBe(UNKNOWN);
    const { size, stream: { characters = 0 } = {} } = data.train;
    const [
      {
        shape: [labels],
      },
    ] = data.targets;
    expect(characters / (size * labels)).toBeGreaterThan(3);
    expect(characters / (size * labels)).toBeLessThan(7);
  });

  it("must be UTF-8 and long enough", () => {
    expect(() => openText(write("latin.txt", Uint8Array.of(0x61, 0xe9, 0x62)))).toThrow(/not UTF-8 text/);
    expect(() => openText(write("short.txt", "too short"))).toThrow(/9 characters, which is too little/);
  });

  it("is read with the vocabulary that a model states", () => {
    const vocabulary = { unit: "characters", tokens: ["z", "a"] } as const;
    expect(statedVocabulary(new Map([[VOCABULARY_KEY, JSON.stringify(vocabulary)]]))).toEqual(vocabulary);
    expect(statedVocabulary(new Map())).toBeUndefined();
    for (const hostile of ["", "{", '{"unit":"letters","tokens":["a"]}', '{"unit":"words","tokens":["a","a"]}']) {
      expect(() => statedVocabulary(new Map([[VOCABULARY_KEY, hostile]]))).toThrow(/not of the known form/);
    }
  });
});

describe("streams", () => {
  it("give each row of a batch a stretch of its own, and every sample once", () => {
    expect([...streams({ size: 10 }, 3, false)].map(({ samples }) => [...samples])).toEqual([
      [0, 4, 8],
      [1, 5, 9],
      [2, 6],
      [3, 7],
    ]);
    expect([...streams({ size: 10 }, 3, true)].map(({ samples }) => [...samples])).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  it("of recordings are whole ones side by side, each from a state of its own", () => {
    // Recordings of 3, 1, 4 and 2 samples.
    const split = { size: 10, stream: { starts: [0, 3, 4, 8] } };
    const told = (rows: number, whole: boolean) =>
      [...streams(split, rows, whole)].map(({ samples, begins }) => [begins, ...samples]);
    expect(told(2, false)).toEqual([
      [true, 4, 0],
      [false, 5, 1],
      [false, 6, 2],
      [false, 7],
      [true, 8, 3],
      [false, 9],
    ]);
    expect(told(1, false).filter(([begins]) => begins)).toEqual([
      [true, 4],
      [true, 0],
      [true, 8],
      [true, 3],
    ]);
  });

  it("of recordings fill whole batches by equal stretches, of which few are left out", () => {
    const split = { size: 40, stream: { starts: [0, 10, 20, 30] } };
    const told = (rows: number) => [...streams(split, rows, true)];
    expect(told(4)).toHaveLength(10);
    expect(told(4).filter(({ begins }) => begins)).toHaveLength(1);
    // Eight rows for four recordings: each is cut in two.
    expect(told(8).map(({ samples }) => samples[1] - samples[0])).toEqual([5, 5, 5, 5, 5]);
    expect(told(3).every(({ samples }) => samples.length === 3)).toBe(true);
    expect(told(3).length * 3).toBeGreaterThan(35);
    expect(told(64)).toEqual([]);
  });

  it("of recordings are as long as nearly all samples allow", () => {
    // Stretches of 3 use 36 of 40 samples; single ones would use 39, each from a state of its own.
    const split = { size: 40, stream: { starts: [0, 10, 20, 30] } };
    const begins = [...streams(split, 3, true)].map(({ begins }) => begins);
    expect(begins).toEqual(Array.from({ length: 12 }, (_, i) => i % 3 === 0));
    // One short recording does not cut the others short.
    const short = { size: 101, stream: { starts: [0, 1, 51] } };
    expect([...streams(short, 2, true)].map(({ samples }) => [...samples])).toEqual(
      Array.from({ length: 50 }, (_, i) => [1 + i, 51 + i]),
    );
  });

  it("of recordings are as many as there may be", () => {
    const size = 300_000;
    const split = { size, stream: { starts: Uint32Array.from({ length: size / 2 }, (_, i) => 2 * i) } };
    let steps = 0;
    for (const { begins } of streams(split, 1000, true)) steps += begins ? 1 : 0;
    expect(steps).toBe(150);
  });
});
