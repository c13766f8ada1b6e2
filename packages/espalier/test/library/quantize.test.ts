import { describe, expect, it } from "vitest";
import { noise } from "../../src/data/noise.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { evaluateAgainst } from "../../src/library/evaluate-against.ts";
import { quantize } from "../../src/library/quantize.ts";
import { int } from "../../src/onnx/attributes.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { quantizedLayersOf } from "../../src/operators/quantized/layers.ts";
import { random } from "../../src/random.ts";
import { blobNet, blobs } from "../blobs.ts";
import { Net } from "../operators/net.ts";
import { optimized } from "../quantization/optimized.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs({ train: 64, validation: 40, test: 40 });

/** A dense network. */
function dense(): Model {
  const net = new Net(5);
  const x = net.input(["batch", 32]);
  const hidden = net.emit("Relu", [net.emit("MatMul", [x, net.weights(32, 64)])]);
  net.model.outputs = [
    { name: net.emit("MatMul", [hidden, net.weights(64, 8)]), dtype: "float32", shape: ["batch", 8] },
  ];
  return net.model;
}

/**
 * A network of which one number of what a layer reads is ten thousand times the others, and counts for nothing: 256 codes
 * of such a range tell nothing of all others.
 */
function disaster(): Model {
  const net = new Net(5);
  const x = net.input(["batch", 32]);
  const factors = float32([32], new Float32Array(32).fill(1));
  factors.data[0] = 1e4;
  const wide = net.emit("Mul", [x, net.graph.initializer("factors", factors)]);
  const { normal } = random(1, "matrix");
  const matrix = float32(
    [32, 8],
    Float32Array.from({ length: 256 }, (_, i) => (i < 8 ? 0 : normal())),
  );
  const product = net.emit("MatMul", [wide, net.graph.initializer("matrix", matrix)]);
  net.model.outputs = [{ name: product, dtype: "float32", shape: ["batch", 8] }];
  return net.model;
}

const numbers = noise([{ name: "x", dtype: "float32", shape: [32] }], 64, 1);

describe("quantize by samples", () => {
  it("makes layers of eight bits, and tells how far the outputs are the same", async () => {
    const result = await quantize(engine, blobNet(), data, { to: "int8" });
    // The second has 48 weights, of which scales and nodes would take as much.
    expect(result.layers.map(({ as }) => as)).toEqual(["int8", "float32"]);
    expect(result.fidelity?.test).toBeGreaterThanOrEqual(97);
    expect(await optimized(result.model)).toContain("QGemm");
    const { fidelity } = await evaluateAgainst(engine, result.model, blobNet(), data);
    expect(fidelity).toBe(result.fidelity?.test);
  });

  it("gives the same bytes for the same seed", async () => {
    const [one, two] = [
      await quantize(engine, blobNet(), data, { to: "int8" }),
      await quantize(engine, blobNet(), data, { to: "int8" }),
    ];
    expect(writeModel(two.model)).toEqual(writeModel(one.model));
  });

  it("holds a layer better whose eight bits would leave nothing of the outputs", async () => {
    const result = await quantize(engine, disaster(), numbers, {
      to: "int8",
      measure: "cosine",
    });
    expect(result.layers.map(({ as }) => as)).toEqual(["int8 weights"]);
    expect(result.layers[0].errors?.int8).toBeGreaterThan(0.5);
    expect(result.fidelity?.test).toBeGreaterThan(99);
  });

  it("refuses where nothing can be within the loss", async () => {
    const options = { to: "int4", measure: "relative-error", maxLoss: 0 } as const;
    await expect(quantize(engine, dense(), numbers, options)).rejects.toThrow(
      /No layer .* can be int4 within that loss/,
    );
  });

  it("rounds to four bits better than to the nearest, and says what the nearest are", async () => {
    const options = { to: "int4", measure: "cosine", maxLoss: 100 } as const;
    const { layers, fidelity, nearest } = await quantize(engine, dense(), numbers, options);
    expect(layers.map(({ as }) => as)).toEqual(["int4", "int4"]);
    expect(fidelity?.test).toBeGreaterThan(nearest?.fidelity ?? 100);
  });

  it("makes halves between inputs and outputs of float32", async () => {
    const { model, fidelity } = await quantize(engine, dense(), numbers, { to: "float16", measure: "cosine" });
    expect(model.outputs.map(({ dtype }) => dtype)).toEqual(["float32"]);
    expect(fidelity?.test).toBeGreaterThan(99.99);
  });
});

describe("quantize without samples", () => {
  it("finds the codes of what products read in each run, by the kernel that does so", async () => {
    const { model, difference, layers } = await quantize(engine, dense(), undefined, { to: "int8" });
    expect(layers.map(({ as }) => as)).toEqual(["int8", "int8"]);
    expect(difference).toBeLessThan(0.05);
    expect((await optimized(model)).filter((op) => op === "DynamicQuantizeMatMul")).toHaveLength(2);
  });

  it("refuses a network that is no longer the same", async () => {
    await expect(quantize(engine, disaster(), undefined, { to: "int8" })).rejects.toThrow(
      /As int8 the network is not the same: on random inputs its output "MatMul" differs by 1/,
    );
  });

  it.each(["int8", "int4"] as const)("makes %s of weights that another node reads too", async (to) => {
    const net = new Net(5);
    const x = net.input(["batch", 32]);
    const shared = net.weights(32, 64);
    const factor = net.emit("ReduceMean", [net.emit("Mul", [shared, net.emit("ReduceMax", [x])])]);
    const hidden = net.emit("Mul", [net.emit("MatMul", [x, shared]), factor]);
    net.model.outputs = [
      { name: net.emit("MatMul", [hidden, net.weights(64, 8)]), dtype: "float32", shape: ["batch", 8] },
    ];
    const { difference, layers } = await quantize(engine, net.model, undefined, { to });
    expect(layers.map(({ as }) => as)).toEqual([to, to]);
    expect(difference).toBeLessThan(to === "int4" ? 0.3 : 0.05);
  });

  it.each(["int8", "int4"] as const)(
    "does not hold weights as %s that two nodes read in other directions",
    async (to) => {
      const net = new Net(5);
      const x = net.input(["batch", 32]);
      const shared = net.weights(32, 32);
      const hidden = net.emit("Relu", [net.emit("Gemm", [x, shared], { transB: int(1) })]);
      const back = net.emit("Relu", [net.emit("Gemm", [hidden, shared])]);
      net.model.outputs = [
        { name: net.emit("MatMul", [back, net.weights(32, 8)]), dtype: "float32", shape: ["batch", 8] },
      ];
      const { difference, layers } = await quantize(engine, net.model, undefined, { to });
      expect(layers.map(({ as }) => as)).toEqual([to === "int8" ? "int8 weights" : "float32", to]);
      expect(difference).toBeLessThan(to === "int4" ? 0.3 : 0.05);
    },
  );

  it.each(["int8", "int4"] as const)("lets layers of %s keep their names", async (to) => {
    const { model } = await quantize(engine, blobNet(), undefined, { to });
    expect(quantizedLayersOf(model).map(({ name }) => name)).toEqual(to === "int8" ? ["fc1"] : ["fc1", "fc2"]);
  });

  it.each(["int4", "float16"] as const)("makes %s", async (to) => {
    const { difference, layers } = await quantize(engine, dense(), undefined, { to });
    expect(layers.map(({ as }) => as)).toEqual([to, to]);
    expect(difference).toBeLessThan(to === "int4" ? 0.3 : 0.01);
  });
});

describe("quantize at the door", () => {
  it("refuses a loss without samples", async () => {
    await expect(quantize(engine, dense(), undefined, { to: "int8", maxLoss: 1 })).rejects.toThrow(/is about samples/);
  });

  it("refuses a network that is quantized already", async () => {
    const { model } = await quantize(engine, dense(), undefined, { to: "int8" });
    await expect(quantize(engine, model, undefined, { to: "int8" })).rejects.toThrow(/is quantized already/);
  });

  it("refuses a network without layers", async () => {
    const net = new Net(1);
    net.model.outputs = [{ name: net.emit("Relu", [net.input(["batch", 4])]) }];
    await expect(quantize(engine, net.model, undefined, { to: "int4" })).rejects.toThrow(/No layer/);
  });
});
