import { describe, expect, it } from "vitest";
import { decode } from "../../../runtime/src/codec/whole.ts";
import { encodeFile } from "../../src/coding/encode.ts";
import { followFromAbove, referencesOf } from "../../src/coding/references.ts";
import { random } from "../../src/random.ts";
import { bytesOf, modelOf } from "./messages.ts";

const [rows, columns] = [40, 50];
const { uniform } = random(1, "references");
const noise = Float32Array.from({ length: rows * columns }, () => uniform() - 0.5);
const tensorOf = (floats: Float32Array, dims: readonly number[] = [rows, columns]) => ({
  name: "w",
  dims,
  raw: bytesOf(floats),
});
const wordsOf = (floats: Float32Array, count = rows) => ({
  words: new Uint32Array(floats.slice().buffer),
  rows: count,
});

const changes: readonly (readonly [string, Float32Array, readonly number[]])[] = [
  ["the same", noise, [rows, columns]],
  ["negated", noise.map((w) => -w), [rows, columns]],
  ["transposed", noise.map((_, t) => noise[(t % rows) * columns + Math.floor(t / rows)]), [columns, rows]],
  [
    "with its rows reversed",
    noise.map((_, t) => noise[(rows - 1 - Math.floor(t / columns)) * columns + (t % columns)]),
    [rows, columns],
  ],
  [
    "with its columns reversed",
    noise.map((_, t) => noise[t - (t % columns) + columns - 1 - (t % columns)]),
    [rows, columns],
  ],
  ["reversed", noise.map((_, t) => noise[noise.length - 1 - t]), [rows, columns]],
  ["times a constant", noise.map((w) => w * 0.37), [rows, columns]],
];

describe("a tensor that is another one again takes next to nothing", () => {
  it.each(changes)("%s", (_, floats, dims) => {
    const alone = encodeFile(modelOf(tensorOf(noise)), { version: 2 }).length;
    const onnx = modelOf(tensorOf(noise), tensorOf(floats, dims));
    const esp = encodeFile(onnx, { version: 2 });
    expect(Buffer.compare(decode(esp), onnx)).toBe(0);
    expect(esp[4]).toBe(2);
    expect(esp.length - alone).toBeLessThan(250);
    // Without it the second takes as much as the first.
    expect(encodeFile(onnx, { version: 1 }).length).toBeGreaterThan(1.9 * alone);
  });

  it("but noise refers to nothing, and tensors of zeros neither", () => {
    expect(referencesOf(wordsOf(noise), [wordsOf(noise.map((w) => w + uniform()))])).toEqual([]);
    const zeros = wordsOf(new Float32Array(2000));
    expect(referencesOf(zeros, [zeros])).toEqual([]);
    expect(encodeFile(modelOf(tensorOf(noise)), { version: 2 })[4]).toBe(1);
  });
});

describe("a Fourier basis", () => {
  const size = 64;
  const basis = Float32Array.from({ length: 33 * size }, (_, t) => {
    const [k, n] = [Math.floor(t / size), t % size];
    return (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size)) * Math.cos((2 * Math.PI * ((k * n) % size)) / size);
  });

  it("follows from the rows above, and is mirrored", () => {
    expect(followFromAbove(wordsOf(basis, 33))).toBe(true);
    expect(followFromAbove(wordsOf(noise))).toBe(false);
    const sources = referencesOf(wordsOf(basis, 33), []).map(({ reference }) => reference);
    expect(sources).toContainEqual({ back: 0, start: size, row: size, column: -1, factor: 0 });
  });

  it("takes less than five bits a word", () => {
    const onnx = modelOf(tensorOf(basis, [33, 1, size]));
    const esp = encodeFile(onnx, { version: 2 });
    expect(Buffer.compare(decode(esp), onnx)).toBe(0);
    expect(8 * esp.length).toBeLessThan(5 * basis.length);
  });
});

describe("what would take too long to decode in contexts", () => {
  const long = (words: number, seed: number) => {
    const { uniform } = random(seed, "long");
    return Float32Array.from({ length: words }, () => uniform() - 0.5);
  };
  const tensors = (...all: readonly Float32Array[]) =>
    modelOf(...all.map((floats) => tensorOf(floats, [100, floats.length / 100])));

  it("refers to nothing, so that nothing is kept for it", () => {
    const floats = long(3_100_000, 1);
    expect(encodeFile(tensors(floats, floats), { version: 2 })[4]).toBe(1);
  });

  it("takes no time from what does not", () => {
    // One of them fits into the half of a second; all together they would take more than three.
    const slow = Array.from({ length: 8 }, (_, i) => long(440_000 + 100 * i, i));
    const source = long(600_000, 9);
    const alone = encodeFile(tensors(...slow, source), { version: 2 }).length;
    expect(encodeFile(tensors(...slow, source, source), { version: 2 }).length - alone).toBeLessThan(1000);
  });
});
