import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storedLike, toFloat32 } from "../../src/onnx/half.ts";
import { float32, type NumericTensor } from "../../src/onnx/tensor.ts";

const halves = (...bits: number[]): NumericTensor => ({
  dtype: "float16",
  dims: [bits.length],
  data: Uint16Array.from(bits),
});
const brains = (...bits: number[]): NumericTensor => ({ ...halves(...bits), dtype: "bfloat16" });
const floats = (...values: number[]) => float32([values.length], Float32Array.from(values));
const stored = (like: NumericTensor, ...values: number[]) => [...storedLike(like, floats(...values)).data];

describe("halves", () => {
  it("come back to the same bits, all of them", () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const all = { dtype, dims: [65536], data: Uint16Array.from({ length: 65536 }, (_, bits) => bits) };
      const values = toFloat32(all) ?? floats();
      const back = storedLike(all, values);
      expect([...all.data].filter((bits, i) => !Number.isNaN(values.data[i]) && back.data[i] !== bits)).toEqual([]);
    }
  });

  it("have the values that IEEE 754 gives them", () => {
    const values = toFloat32(halves(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x8000, 0x3555));
    expect([...(values?.data ?? [])]).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      2 ** -14,
      Infinity,
      -0,
      Math.fround(0.33325195),
    ]);
    expect(toFloat32(halves(0x7e00))?.data[0]).toBeNaN();
    expect([...(toFloat32(brains(0x3f80, 0xc000))?.data ?? [])]).toEqual([1, -2]);
  });

  it("are rounded to the nearest, ties to even", () => {
    const numberOf = (exponent: number, fraction: number) =>
      exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    const neighbours = Array.from({ length: 0x7c00 }, (_, bits) => numberOf(bits >> 10, bits & 0x3ff));
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (x) => {
        const [bits] = stored(halves(0), x).map(Number);
        const distance = (at: number) => Math.abs(neighbours[at] - x);
        for (const other of [bits - 1, bits + 1]) {
          if (other < 0 || other >= 0x7c00) continue;
          expect(distance(bits)).toBeLessThanOrEqual(distance(other));
          if (distance(bits) === distance(other)) expect(bits % 2).toBe(0);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("end at their largest number, and keep zeros and signs", () => {
    expect(stored(halves(0), 1e6, -1e6, 0, -0, Infinity)).toEqual([0x7bff, 0xfbff, 0, 0x8000, 0x7c00]);
    expect(stored(brains(0), 3.4028234e38, 0, -1)).toEqual([0x7f7f, 0, 0xbf80]);
  });
});

describe("doubles", () => {
  const doubles: NumericTensor = { dtype: "float64", dims: [3], data: Float64Array.of(0.1, 0.2, 0.3) };

  it("keep all of their bits where nothing changed", () => {
    const trained = toFloat32(doubles) ?? floats();
    trained.data[1] = 0;
    expect([...storedLike(doubles, trained).data]).toEqual([0.1, 0, 0.3]);
  });
});
