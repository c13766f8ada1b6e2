import { describe, expect, it } from "vitest";
import { checkFinite, firstNotFinite } from "../../src/data/finite.ts";
import { guarded } from "../../src/data/module-split.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { notFinite } from "../../src/training/not-finite.ts";

/** Halves as their bits: 1, 2, infinity. */
const HALVES = Uint16Array.of(0x3c00, 0x4000, 0x7c00);

describe("numbers that nothing can be computed with", () => {
  it("are found in every floating type, and in no other", () => {
    expect(firstNotFinite(float32([3], Float32Array.of(1, Number.NaN, Number.NaN)))).toEqual({
      at: 1,
      value: Number.NaN,
    });
    expect(firstNotFinite({ dtype: "float16", dims: [3], data: HALVES })).toEqual({ at: 2, value: Infinity });
    expect(firstNotFinite({ dtype: "uint16", dims: [3], data: HALVES })).toBeUndefined();
    expect(() =>
      checkFinite({ dtype: "float64", dims: [2, 2], data: Float64Array.of(1, 2, -Infinity, 3) }, "In x"),
    ).toThrow("In x[1,0] is -Infinity");
  });

  it("are told of halves by their sample, of a module and of any split", async () => {
    const spec = { name: "x", dtype: "float16", shape: [1] } as const;
    const split = {
      size: 3,
      read(indices: ArrayLike<number>, { x }: Readonly<Record<string, unknown>>) {
        if (x instanceof Uint16Array) for (let i = 0; i < indices.length; i++) x[i] = HALVES[indices[i]];
      },
    };
    const read = guarded(split, [spec], "data.js, train").read([1, 2], { x: new Uint16Array(2) });
    await expect(read).rejects.toThrow('data.js, train: sample 2 has Infinity in "x" at 0');
    const { message } = await notFinite({ name: "halves", inputs: [spec], targets: [] }, split, "otherwise");
    expect(message).toMatch('The inputs "x" of sample 2 of halves hold Infinity');
  });
});
