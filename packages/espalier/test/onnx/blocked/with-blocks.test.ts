import { describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { BLOCKED_DOMAIN } from "../../../src/onnx/blocked/node.ts";
import { chain, residual } from "../../../src/onnx/build/branches.ts";
import { clip, conv2d, dense, globalAveragePool, maxPool, relu } from "../../../src/onnx/build/layers.ts";
import { batchNorm } from "../../../src/onnx/build/normalization.ts";
import { sequential } from "../../../src/onnx/build/sequential.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { random } from "../../../src/random.ts";
import { Trainer, type TrainerOptions } from "../../../src/training/trainer.ts";
import { type TrainingStep, trainingStep } from "../../../src/training/training-step.ts";

const engine = nodeEngine({ threads: 1 });
const plain: Engine = { ...engine, blockSize: async () => undefined };
const size = await engine.blockSize?.();
const options: TrainerOptions = { batch: 4, seed: 1, optimizer: { name: "sgd", momentum: 0.9 }, stepsPerRun: 1 };

const norm = () => chain(batchNorm(), relu());
const networks: Readonly<Record<string, Model>> = {
  "few channels, strides, biases": sequential(
    [
      chain(conv2d(32, 3, { pad: 1 }), relu(), conv2d(48, 3, { stride: 2, pad: 1 }), relu()),
      chain(maxPool(2), maxPool(3, { stride: 2, pad: 1 }), globalAveragePool(), dense(3)),
    ],
    { name: "net", input: [3, 36, 36], seed: 1 },
  ),
  "normalized, with shortcuts": sequential(
    [
      conv2d(32, 3, { pad: 1, bias: false }),
      norm(),
      residual(chain(conv2d(32, 3, { pad: 1, bias: false }), norm(), conv2d(32, 1, { bias: false }), batchNorm())),
      chain(relu(), globalAveragePool(), dense(3)),
    ],
    { name: "net", input: [3, 20, 20], seed: 2 },
  ),
  "channel by channel and in groups": sequential(
    [
      conv2d(32, 3, { pad: 1 }),
      clip(0, 6),
      conv2d(32, 3, { pad: 1, groups: 32 }),
      conv2d(32, 3, { stride: 2, pad: 1, groups: 32 }),
      relu(),
      conv2d(64, 3, { groups: 2 }),
      chain(relu(), globalAveragePool(), dense(3)),
    ],
    { name: "net", input: [2, 40, 40], seed: 3 },
  ),
};

/** What two steps on noise make of a network's parameters and statistics. */
async function trained(on: Engine, model: Model): Promise<Map<string, Float32Array>> {
  const trainer = await Trainer.create(on, model, options);
  const { fill, below } = random(1, "blocked");
  for (let step = 0; step < 2; step++) {
    for (const values of Object.values(trainer.batchOf(0))) {
      if (values instanceof Float32Array) fill(values);
      else for (let i = 0; i < values.length; i++) values[i] = below(3);
    }
    await trainer.run([0.01]);
  }
  const all = [...(await trainer.parameters()), ...(await trainer.statistics())];
  await trainer.release();
  return new Map(all.map(([name, { data }]) => [name, data]));
}

const blockedNodes = ({ model }: TrainingStep) => model.nodes.filter(({ domain }) => domain === BLOCKED_DOMAIN);

describe.runIf(size !== undefined)("a step with blocked convolutions", () => {
  it.each(Object.entries(networks))("computes what the plain one does: %s", async (_, model) => {
    const [blocked, reference] = [await trained(engine, model), await trained(plain, model)];
    for (const [name, values] of reference) {
      const ours = blocked.get(name) ?? new Float32Array();
      const largest = Math.max(...values.map(Math.abs));
      const difference = Math.max(...values.map((value, i) => Math.abs(value - ours[i])));
      expect(difference, name).toBeLessThan(2e-5 * largest);
    }
  });

  it("has every large convolution in blocks, and what lies between them", async () => {
    const { nodes } = (await trainingStep(engine, networks["normalized, with shortcuts"], options)).model;
    const shapes = nodes.filter(({ op, domain }) => op === "Conv" && domain === "");
    // Those that are left are of filter gradients.
    expect(shapes.length).toBeLessThanOrEqual(3);
    expect(nodes.filter(({ op }) => op === "ReorderInput").length).toBeLessThanOrEqual(2);
    expect(nodes.some(({ op }) => op === "BatchNormalization")).toBe(false);
  });

  it("adds, applies Relu and sums products within convolutions", async () => {
    const { nodes } = (await trainingStep(engine, networks["normalized, with shortcuts"], options)).model;
    const convolutions = nodes.filter(({ op, domain }) => op === "Conv" && domain === BLOCKED_DOMAIN);
    expect(convolutions.filter(({ attributes }) => attributes.activation).length).toBe(3);
    // The shortcut, there and back, and a sum of two in the gradient of each normalization.
    expect(convolutions.filter(({ inputs }) => inputs.length === 4).length).toBe(5);
    expect(nodes.some(({ op }) => op === "Relu")).toBe(false);
  });

  it("leaves a step alone that has no large convolution", async () => {
    const small = sequential([conv2d(16, 3), globalAveragePool(), dense(3)], {
      name: "net",
      input: [16, 8, 8],
      seed: 1,
    });
    expect(blockedNodes(await trainingStep(engine, small, options))).toEqual([]);
  });
});

it("asks for no blocked convolutions of a runtime that has none", async () => {
  const step = await trainingStep(plain, networks["normalized, with shortcuts"], options);
  expect(blockedNodes(step)).toEqual([]);
});
