import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { int, ints } from "../../../src/onnx/attributes.ts";
import {
  averagePool,
  conv2d,
  dense,
  dropout,
  flatten,
  type LayerBuilder,
  leakyRelu,
  maxPool,
  relu,
  sigmoid,
  tanh,
} from "../../../src/onnx/build/layers.ts";
import { sequential } from "../../../src/onnx/build/sequential.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel, fedInputs, type Model } from "../../../src/onnx/graph.ts";
import { readModel } from "../../../src/onnx/read.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../../../src/onnx/tensor.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { removeDeadUnits } from "../../../src/pruning/units/remove.ts";
import { random } from "../../../src/random.ts";

const plain = nodeEngine({ threads: 1 });
let compiled = 0;
const engine: Engine = {
  ...plain,
  compile(model, options) {
    compiled++;
    return plain.compile(model, options);
  },
};
const BATCH = 3;

async function outputOf(model: Model): Promise<number[]> {
  const program = await engine.compile(model);
  const [input] = fedInputs(model);
  const dims = [BATCH, ...(input.shape ?? []).slice(1).map(Number)];
  const { normal } = random(9, "input");
  const outputs = await program.run({
    [input.name]: float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal)),
  });
  await program.release();
  return Array.from<number | bigint, number>(outputs[model.outputs[0].name].data, Number);
}

/**
 * Removes, and checks that the network computes what it computed, also after a file, and that its types, known without a
 * run, are those that a run finds.
 */
async function checked(model: Model): Promise<ReturnType<typeof removeDeadUnits>> {
  await annotate(engine, model, { batch: BATCH });
  const removal = await removeDeadUnits(engine, model);
  const soFar = compiled;
  const typed = await annotate(engine, removal.model, { batch: BATCH });
  expect(compiled).toBe(soFar);
  expect(typed.values).toEqual((await annotate(plain, removal.model, { batch: BATCH })).values);
  const [before, after] = [await outputOf(model), await outputOf(readModel(writeModel(removal.model)))];
  const largest = Math.max(1e-3, ...before.map(Math.abs));
  expect(after).toHaveLength(before.length);
  for (const [i, value] of before.entries()) expect(Math.abs(value - after[i])).toBeLessThan(1e-5 * largest);
  return removal;
}

const weightOf = (model: Model, name: string): FloatTensor => {
  const tensor = model.initializers.get(name);
  if (!isFloat32(tensor)) throw new Error(`no ${name}`);
  return tensor;
};

/** Cuts whole rows (outputs) and columns (inputs) of weights at random, and gives random biases. */
function cutAtRandom(model: Model, seed: number, share: number): void {
  const stream = random(seed, "cut");
  for (const [name, tensor] of model.initializers) {
    if (!isFloat32(tensor)) continue;
    if (name.endsWith("bias")) tensor.data.set(Array.from(tensor.data, () => stream.below(3) - 1));
    if (!name.endsWith("weight")) continue;
    const [outputs, inputs] = tensor.dims;
    const block = sizeOf(tensor.dims.slice(2));
    const rows = Array.from({ length: outputs }, () => stream.uniform() < share);
    const columns = Array.from({ length: inputs }, () => stream.uniform() < share);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        if (rows[o] || columns[i]) tensor.data.fill(0, (o * inputs + i) * block, (o * inputs + i + 1) * block);
      }
    }
  }
}

const lenet = (activation: () => LayerBuilder, pool: LayerBuilder, pad: number, bias = true) =>
  sequential(
    [
      conv2d(6, 3, { pad, bias }),
      activation(),
      pool,
      conv2d(8, 3, { pad, bias }),
      activation(),
      dropout(),
      flatten(),
      dense(12),
      activation(),
      dense(4, { bias }),
    ],
    { name: "net", input: [2, 10, 10], seed: 3 },
  );

describe("removing dead units leaves the outputs as they are", () => {
  it("on networks cut at random", async () => {
    const activations = [relu, () => leakyRelu(0.1), sigmoid, tanh];
    let removed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...activations),
        fc.constantFrom(maxPool(2), averagePool(2), averagePool(3, { stride: 2, pad: 1 })),
        fc.constantFrom(0, 1),
        fc.boolean(),
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom(0, 0.2, 0.5, 0.9, 1),
        async (activation, pool, pad, bias, seed, share) => {
          const model = lenet(activation, pool, pad, bias);
          cutAtRandom(model, seed, share);
          const { layers } = await checked(model);
          removed += layers.filter(({ before, after }) => after < before).length;
        },
      ),
      { numRuns: 60, seed: 1 },
    );
    expect(removed).toBeGreaterThan(60);
  });

  it("and makes the layers as small as they can be", async () => {
    const model = sequential([dense(5), relu(), dense(4), relu(), dense(3)], { name: "mlp", input: [6], seed: 2 });
    // The second unit has no input, the third no output, the fourth of the next layer is fed by the third alone.
    weightOf(model, "fc1.weight").data.fill(0, 6, 12);
    weightOf(model, "fc1.bias").data[1] = 2;
    const second = weightOf(model, "fc2.weight").data;
    for (let o = 0; o < 3; o++) second[o * 5 + 2] = 0;
    for (const i of [0, 1, 3, 4]) second[3 * 5 + i] = 0;
    weightOf(model, "fc3.weight").data[3] = 0;
    weightOf(model, "fc3.weight").data[7] = 0;
    weightOf(model, "fc3.weight").data[11] = 0;
    const { model: smaller, layers } = await checked(model);
    expect(layers).toEqual([
      { name: "fc1", before: 5, after: 3 },
      { name: "fc2", before: 4, after: 3 },
      { name: "fc3", before: 3, after: 3 },
    ]);
    expect(weightOf(smaller, "fc2.weight").dims).toEqual([3, 3]);
    expect(smaller.inputs[0].shape).toEqual(["batch", 6]);
  });

  it("through residual sums, normalization and concatenation", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const model = emptyModel("residual");
      model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 2, 8, 8] });
      const graph = new GraphBuilder(model);
      const stream = random(seed, "weights");
      const filled = (dims: number[], next: () => number) =>
        float32(dims, Float32Array.from({ length: sizeOf(dims) }, next));
      const conv = (name: string, input: string, outputs: number, inputs: number, pad: number) => {
        const weight = graph.initializer(`${name}.weight`, filled([outputs, inputs, 3, 3], stream.normal));
        const bias = graph.initializer(`${name}.bias`, filled([outputs], stream.normal));
        return graph.emit("Conv", [input, weight, bias], { pads: ints([pad, pad, pad, pad]) });
      };
      const norm = (input: string, size: number) => {
        const names = ["scale", "shift", "mean", "variance"].map((name) =>
          graph.initializer(
            name,
            filled([size], () => 0.5 + stream.uniform()),
          ),
        );
        return graph.emit("BatchNormalization", [input, ...names]);
      };
      const a = graph.emit("Relu", [norm(conv("a", "input", 6, 2, 1), 6)]);
      const b = conv("b", a, 6, 6, 1);
      const sum = graph.emit("Relu", [graph.emit("Add", [a, b])]);
      const c = conv("c", "input", 4, 2, 1);
      const scale = graph.initializer("scale", filled([1, 4, 1, 1], stream.normal));
      const joined = graph.emit("Concat", [sum, graph.emit("Mul", [c, scale])], { axis: int(1) });
      const d = graph.emit("GlobalAveragePool", [graph.emit("Relu", [conv("d", joined, 5, 10, 0)])]);
      const weight = graph.initializer("fc.weight", filled([5, 3], stream.normal));
      model.outputs.push({ name: graph.emit("MatMul", [graph.emit("Flatten", [d]), weight]) });
      cutAtRandom(model, seed, 0.5);
      const { layers } = await checked(model);
      expect(layers.some(({ before, after }) => after < before)).toBe(true);
    }
  });

  it("stops at what it does not know", async () => {
    const odd = sequential([dense(5), relu(), dense(4)], { name: "odd", input: [6], seed: 2 });
    odd.nodes = odd.nodes.map((node) => (node.op === "Relu" ? { ...node, op: "Softplus" } : node));
    weightOf(odd, "fc1.weight").data.fill(0, 0, 12);
    expect((await checked(odd)).layers[0]).toEqual({ name: "fc1", before: 5, after: 5 });
  });
});
