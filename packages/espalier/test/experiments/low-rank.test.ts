import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { factored, factorsOf } from "../../src/experiments/low-rank.ts";
import { conv2d, dense, flatten, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32 } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { random } from "../../src/random.ts";
import { withParameters } from "../../src/training/parameters.ts";

const normals = (dims: readonly number[], name: string): FloatTensor => {
  const { normal } = random(1, name);
  return float32(dims, Float32Array.from({ length: dims[0] * dims[1] }, normal));
};

/** a b for matrices. */
function product(a: FloatTensor, b: FloatTensor): FloatTensor {
  const [m, k] = a.dims;
  const n = b.dims[1];
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) c[i * n + j] += a.data[i * k + l] * b.data[l * n + j];
  return float32([m, n], c);
}

const squares = ({ data }: FloatTensor, other?: FloatTensor) =>
  data.reduce((sum, w, i) => sum + (w - (other?.data[i] ?? 0)) ** 2, 0);

/** I - 2 x x^T / x^T x, whose rows and columns are of length 1 and at right angles. */
function reflection(size: number, name: string): FloatTensor {
  const x = normals([size, 1], name);
  const length = squares(x);
  const at = (i: number, j: number) => (i === j ? 1 : 0) - (2 * x.data[i] * x.data[j]) / length;
  return float32(
    [size, size],
    Float32Array.from({ length: size * size }, (_, i) => at(Math.floor(i / size), i % size)),
  );
}

describe("factors", () => {
  it.each([
    [9, 20],
    [20, 9],
  ])("give a matrix [%i, %i] of that rank back", (m, n) => {
    const w = product(normals([m, 4], "a"), normals([4, n], "b"));
    const { a, b } = factorsOf(w)(1 - 1e-9);
    expect([a.dims, b.dims]).toEqual([
      [m, 4],
      [4, n],
    ]);
    expect(squares(product(a, b), w)).toBeLessThan(1e-9 * squares(w));
  });

  it("are the nearest: the squared error is that of the singular values left out", () => {
    const singular = [6, 5, 3, 2, 1];
    const [u, v] = [reflection(5, "u"), reflection(8, "v")];
    const scaled = float32([5, 8], new Float32Array(40));
    singular.forEach((s, k) => {
      for (let j = 0; j < 8; j++) scaled.data[k * 8 + j] = s * v.data[k * 8 + j];
    });
    const w = product(u, scaled);
    const factors = factorsOf(w);
    // The squares are 36, 25, 9, 4 and 1 of 75.
    for (const [energy, rank, error] of [
      [0.8, 2, 14],
      [0.82, 3, 5],
      [0.98, 4, 1],
      [0.99, 5, 0],
      [0.001, 1, 39],
    ]) {
      const { a, b } = factors(energy);
      expect(a.dims).toEqual([5, rank]);
      expect(squares(product(a, b), w)).toBeCloseTo(error, 4);
    }
  });

  it("share the length of what they make", () => {
    const { a, b } = factorsOf(normals([12, 30], "w"))(0.7);
    const rank = a.dims[1];
    expect(rank).toBeGreaterThan(2);
    for (let r = 0; r < rank; r++) {
      const column = a.data.filter((_, i) => i % rank === r).reduce((sum, x) => sum + x * x, 0);
      const row = b.data.subarray(30 * r, 30 * (r + 1)).reduce((sum, x) => sum + x * x, 0);
      expect(column / row).toBeCloseTo(1, 4);
    }
  });
});

describe("a factored network", () => {
  const layers = [conv2d(3, 3), relu(), flatten(), dense(20), relu(), dense(4)];
  const model = sequential(layers, { name: "net", input: [1, 6, 6], seed: 1 });

  const low = new Map([
    ["fc1.weight", product(normals([20, 4], "a"), normals([4, 48], "b"))],
    ["fc2.weight", product(normals([4, 2], "c"), normals([2, 20], "d"))],
  ]);

  it("has two products for each dense layer", () => {
    const small = factored(withParameters(model, low))(0.999999);
    expect(layersOf(small).map(({ name, tensor }) => [name, tensor.dims])).toEqual([
      ["conv1", [3, 1, 3, 3]],
      ["fc1.in", [4, 48]],
      ["fc1.out", [20, 4]],
      ["fc2.in", [2, 20]],
      ["fc2.out", [4, 2]],
    ]);
    expect(small.initializers.has("fc1.weight")).toBe(false);
  });

  it("leaves layers whole whose factors would not be smaller", () => {
    const weights = new Map([...low].filter(([name]) => name === "fc2.weight"));
    const small = factored(withParameters(model, weights))(1 - 1e-9);
    expect(layersOf(small).map(({ name }) => name)).toEqual(["conv1", "fc1", "fc2.in", "fc2.out"]);
    expect(layersOf(model).map(({ name }) => name)).toEqual(["conv1", "fc1", "fc2"]);
  });

  it("computes the same where the weights are of that rank", async () => {
    const whole = withParameters(model, new Map([...low, ["fc1.bias", float32([20], normals([20, 1], "bias").data)]]));
    const small = factored(whole)(1 - 1e-9);
    expect(layersOf(small)).toHaveLength(5);
    const engine = nodeEngine({ threads: 1 });
    const input = float32(
      [1, 1, 6, 6],
      Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
    );
    const outputsOf = async (network: Model) => {
      const program = await engine.compile(network);
      const { logits } = await program.run({ input });
      return Array.from(logits.data, Number);
    };
    const [expected, found] = [await outputsOf(whole), await outputsOf(small)];
    const largest = Math.max(...expected.map(Math.abs));
    expect(largest).toBeGreaterThan(1);
    found.forEach((y, i) => {
      expect(Math.abs(y - expected[i])).toBeLessThan(1e-5 * largest);
    });
  });
});
