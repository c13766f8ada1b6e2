import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trainableForm } from "../../src/adoption/trainable-form.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int, ints, string } from "../../src/onnx/attributes.ts";
import { fedInputs, type Model } from "../../src/onnx/graph.ts";
import { float32, isFloat32, sizeOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { reconstruct } from "../../src/pruning/reconstruction/reconstruct.ts";
import { random } from "../../src/random.ts";
import { problemOf } from "../../src/reconstruction/problem.ts";
import { sensitivities } from "../../src/sharing/reconstruction/sensitivity.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { blobs } from "../blobs.ts";
import { type Build, Net } from "../operators/net.ts";
import { expectSame } from "../pruning/units/same.ts";

const engine = nodeEngine({ threads: 1 });

/** Layers of every operator whose weights are fitted. */
const layers: Readonly<Record<string, Build>> = {
  Conv: (net) => net.conv(net.input(["batch", 4, 5, 5]), 4, 6, "Conv", { group: int(2) }),
  ConvTranspose: (net) =>
    net.conv(net.input(["batch", 4, 3, 4]), 4, 6, "ConvTranspose", { group: int(2), strides: ints([2, 1]) }),
  "ConvTranspose, its bias added": (net) =>
    net.emit("Add", [
      net.emit("ConvTranspose", [net.input(["batch", 4, 3, 6]), net.weights(4, 6, 1, 1)]),
      net.weights(1, 6, 1, 1),
    ]),
  Gemm: (net) => net.emit("Gemm", [net.input(["batch", 5]), net.weights(3, 5), net.weights(3)], { transB: int(1) }),
  MatMul: (net) => net.dense(net.input(["batch", 4, 5]), 5, 3),
  "MatMul from the left": (net) => net.emit("MatMul", [net.weights(3, 4), net.input(["batch", 4, 5])]),
  Einsum: (net) =>
    net.emit("Einsum", [net.input(["batch", 4, 5]), net.weights(5, 2, 3)], { equation: string("btd,dhk->bthk") }),
  Gather: (net) => net.emit("Gather", [net.weights(5, 3), net.input(["batch", 9], "int64")]),
  LSTM: (net) =>
    net.emit("LSTM", [net.input([5, "batch", 3]), net.weights(1, 16, 3), net.weights(1, 16, 4)], {
      hidden_size: int(4),
    }),
};

function feeds(model: Model, seed: number) {
  const stream = random(seed, "feed");
  return Object.fromEntries(
    fedInputs(model).map(({ name, dtype, shape = [] }) => {
      const dims = shape.map(Number);
      const size = sizeOf(dims);
      if (dtype !== "int64") return [name, float32(dims, Float32Array.from({ length: size }, stream.normal))];
      return [name, { dtype, dims, data: BigInt64Array.from({ length: size }, () => BigInt(stream.below(5))) }];
    }),
  );
}

describe("fitting with all connections", () => {
  it.each(Object.entries(layers))("gives the weights of a %s back", async (_, build) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), async (seed) => {
        const net = new Net(seed);
        net.model.outputs.push({ name: build(net) });
        const annotated = await annotate(engine, net.model, { batch: 8 });
        const [layer] = layersOf(annotated);
        const inputs = feeds(annotated, seed);
        const problem = await problemOf(engine, annotated, layer, [{ whole: inputs, pruned: inputs }]);
        if (!problem) throw new Error("not fitted");
        const { squares, whole, shape } = problem;
        // There and back, biases too.
        for (const [name, tensor] of problem.parameters(whole))
          expect(tensor).toEqual(annotated.initializers.get(name));
        expect(problem.parameters(whole).has(layer.bias ?? layer.weight)).toBe(true);
        const fitted = await squares.fit(new Uint8Array(whole.length).fill(1), new Float32Array(whole.length), 300);
        await squares.release();
        expect(whole.length).toBe(shape.groups * shape.rows * shape.columns);
        for (const [i, w] of whole.entries()) expect(Math.abs(fitted[i] - w)).toBeLessThan(0.02);
      }),
      { numRuns: 4, seed: 1 },
    );
  });
});

/** [batch, 1, 4, 4] through layers of several kinds to four scores. */
function mixed(): Model {
  const net = new Net(3);
  net.model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 1, 4, 4] });
  const maps = net.emit("Relu", [net.conv("input", 1, 3, "ConvTranspose", { strides: ints([2, 2]) })]);
  const places = net.shaped(net.emit("Transpose", [maps], { perm: ints([0, 2, 3, 1]) }), 0, 8, 24);
  const heads = net.emit("Einsum", [places, net.weights(24, 2, 3)], { equation: string("btd,dhk->bthk") });
  const hidden = net.emit("Tanh", [net.dense(net.shaped(heads, 0, 8, 6), 6, 5)]);
  const steps = net.emit("Transpose", [hidden], { perm: ints([1, 0, 2]) });
  const weights = [net.weights(1, 16, 5), net.weights(1, 16, 4), net.weights(1, 32)];
  const [, last] = net.graph.emitMany("LSTM", [steps, ...weights], { hidden_size: int(4) }, 2);
  net.model.outputs.push({ name: net.dense(net.shaped(last, -1, 4), 4, 4) });
  return trainableForm(net.model).model;
}

describe("a network of many operators", () => {
  const model = mixed();
  const data = blobs({ train: 100, validation: 20, test: 20 });

  it("stays what it is when nothing is cut", async () => {
    const changed = await reconstruct(engine, model, data, new Map());
    const fitted = layersOf(model).filter(({ weight }) => changed.has(weight));
    // What a recurrent layer makes of its own state is not a product of values that are known before it runs.
    expect(fitted).toHaveLength(layersOf(model).length - 4);
    await expectSame(engine, model, withParameters(model, changed), 1e-3);
  });

  it("is cut where it is fitted, biases behind products too", async () => {
    const dense = layersOf(model).filter(({ node, bias }) => node.op === "MatMul" && bias);
    const changed = await reconstruct(engine, model, data, new Map(dense.map(({ name }) => [name, 0.5])));
    for (const { weight, bias = "", tensor } of dense) {
      const cut = changed.get(weight);
      expect(cut?.data.filter((w) => w !== 0)).toHaveLength(tensor.data.length / 2);
      const before = model.initializers.get(bias);
      expect(isFloat32(before) && changed.get(bias)?.data.some((b, i) => b !== before.data[i])).toBe(true);
    }
  });

  it("has a sensitivity of each layer that is fitted", async () => {
    const found = await sensitivities(engine, model, data, 1);
    expect(found.size).toBe(layersOf(model).length - 4);
    for (const sensitivity of found.values()) expect(sensitivity).toBeGreaterThan(0);
  });
});
