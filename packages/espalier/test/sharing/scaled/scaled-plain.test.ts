import { describe, expect, it } from "vitest";
import { float32 } from "../../../src/onnx/tensor.ts";
import { scaledPlain } from "../../../src/sharing/scaled/scale-plain.ts";
import { writtenOut } from "../../../src/sharing/scaled/scaled.ts";

describe("a parameter of which only the weight of its errors is known", () => {
  const biases = float32([4], Float32Array.of(0.5, -1, 2, 0));
  const rounded = (square: number, price: number) =>
    writtenOut(
      scaledPlain(biases, { name: "b", axis: { scales: 1, inner: 1 }, squares: Float32Array.of(square) }, price),
    ).data;

  it("is the nearer to what it was the cheaper a bit", () => {
    const off = (price: number) => Math.max(...rounded(1, price).map((b, i) => Math.abs(b - biases.data[i])));
    expect(off(1e-8)).toBeLessThan(1e-3);
    expect(off(1e-2)).toBeGreaterThan(off(1e-8));
  });

  it("stays finite where no sample shows that an error does anything, as behind a gate that is shut", () => {
    for (const b of rounded(0, 1e-6)) expect(b).toSatisfy(Number.isFinite);
    expect(rounded(0, 1e-9)[2]).toBeCloseTo(2, 2);
  });
});
