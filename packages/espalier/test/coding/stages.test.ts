import { describe, expect, it } from "vitest";
import { contentsOf } from "../../../runtime/src/codec/whole.ts";
import { encode } from "../../src/coding/encode.ts";
import { stagesOf } from "../../src/coding/stages.ts";
import { UserError } from "../../src/errors.ts";
import { dense } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { withParameters } from "../../src/training/parameters.ts";

/** A matrix of 15 different values, most of them zero. */
function sharedWeights(rows: number, columns: number, density: number) {
  const { uniform, normal } = random(1, "weights");
  const data = Float32Array.from({ length: rows * columns }, () =>
    uniform() < density ? Math.max(-7, Math.min(7, Math.round(2 * normal()) || 1)) / 8 : 0,
  );
  return float32([rows, columns], data);
}

describe("the stages of Deep Compression", () => {
  it("are those of a tensor that can be counted by hand", () => {
    const data = new Float32Array(16);
    data.set([1.5, -2.5], 1);
    data[14] = 1.5;
    const { weights, kept, pruned, shared, coded } = stagesOf(float32([4, 4], data));
    expect([weights, kept]).toEqual([16, 3]);
    // The gaps are 1, 0 and 11. At 32 bits a value a filler is dear: 4 bits of a gap need none.
    expect(pruned).toEqual({ entries: 3, valueBits: 32, indexBits: 4, bytes: (3 * 36) / 8 });
    // Two values and the filler's zero are told apart by 2 bits: 3 x 6 bits are less than 5 x 4 with two fillers.
    expect(shared).toEqual({ entries: 3, valueBits: 2, indexBits: 4, bytes: (3 * 6 + 2 * 32) / 8 });
    // Gaps of 1 bit: 1, 0, and 1 five times with fillers before it. Codes: of one bit for a gap; 0 for zero, 2 for others.
    expect(coded).toEqual({ entries: 8, valueBits: 11 / 8, indexBits: 1, bytes: (11 + 8 + 2 * 32) / 8 });
  });

  it("have no indices where nothing is cut", () => {
    const data = Float32Array.from({ length: 64 }, (_, i) => (i % 4) + 1);
    const { pruned, shared, coded } = stagesOf(float32([8, 8], data));
    expect(pruned).toEqual({ entries: 64, valueBits: 32, indexBits: 0, bytes: 256 });
    expect(shared).toEqual({ entries: 64, valueBits: 2, indexBits: 0, bytes: 16 + 16 });
    expect(coded).toEqual(shared);
  });

  it("take no less, the last of them, than what is written", () => {
    const tensor = sharedWeights(120, 200, 0.08);
    const net = sequential([dense(120, { bias: false })], { name: "net", input: [200], seed: 1 });
    const file = encode(withParameters(net, new Map([["fc1.weight", tensor]])), { mode: "huffman" });
    const written = contentsOf(file).tensors.find(({ name }) => name === "fc1.weight")?.bytes ?? 0;
    const { shared, coded } = stagesOf(tensor);
    // The file adds the tables and codes its codebook.
    expect(written).toBeGreaterThan(0.97 * coded.bytes);
    expect(written).toBeLessThan(1.03 * coded.bytes + 40);
    expect(coded.bytes).toBeLessThan(0.95 * shared.bytes);
    expect(shared.indexBits).toBe(Math.round(shared.indexBits));
    expect(coded.valueBits).toBeLessThan(shared.valueBits);
  });

  it("are not for weights that are not shared", () => {
    const data = Float32Array.from({ length: 5000 }, (_, i) => i + 1);
    expect(() => stagesOf(float32([5000], data))).toThrow(UserError);
    expect(() => stagesOf(float32([5000], data))).toThrow(/5000 different values/);
  });
});
