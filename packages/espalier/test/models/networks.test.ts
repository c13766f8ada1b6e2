import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { countParameters } from "../../src/library/network.ts";
import { networks } from "../../src/models/index.ts";
import type { NetworkOptions } from "../../src/models/network.ts";
import { constant } from "../../src/onnx/build/initializers.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { chooseMasks } from "../../src/pruning/target.ts";
import { removeDeadUnits } from "../../src/pruning/units/remove.ts";
import { random } from "../../src/random.ts";
import { targetOf } from "../../src/training/feeding.ts";
import { trainableParameters } from "../../src/training/parameters.ts";
import { Trainer } from "../../src/training/trainer.ts";

const engine = nodeEngine({ threads: 1 });
const BATCH = 4;
const CLASSES = 5;
/** Low enough for the steepest of them. */
const RATE = 1e-4;

/** Sizes at which a step takes moments. */
const small: Readonly<Record<string, Omit<NetworkOptions, "seed">>> = {
  "lenet-300-100": { input: [1, 12, 12], width: 0.1 },
  "lenet-5": { input: [1, 16, 16], width: 0.2 },
  alexnet: { input: [3, 67, 67], width: 1 / 8 },
  "vgg-16": { input: [3, 32, 32], width: 1 / 16 },
  googlenet: { input: [3, 64, 64], width: 1 / 8 },
  squeezenet: { input: [3, 67, 67], width: 1 / 4 },
  "resnet-50": { input: [3, 64, 64], width: 1 / 16 },
  "resnet-20": { input: [3, 16, 16], width: 1 / 2 },
  "mobilenet-v2": { input: [3, 64, 64], width: 1 / 4 },
  vit: { input: [3, 16, 16], width: 1 / 8 },
};

/**
 * How many layers lose units when half of all are cut. AlexNet's first two stand before a normalization over
 * neighbouring channels, GoogLeNet's first and third too; a transformer's lie within its perceptrons.
 */
const shrinking: Readonly<Record<string, number>> = {
  "lenet-300-100": 2,
  "lenet-5": 3,
  alexnet: 5,
  "vgg-16": 15,
  googlenet: 54,
  squeezenet: 25,
  "resnet-50": 53,
  "resnet-20": 17,
  "mobilenet-v2": 35,
  vit: 6,
};

function build(name: string, options: Omit<NetworkOptions, "seed"> = {}): Model {
  const network = networks.get(name);
  if (!network) throw new Error(`no network ${name}`);
  return network.build({ seed: 1, ...options });
}

/** Cuts half of the outputs of each layer off, and half of its inputs, and gives biases other values. */
function cutUnits(model: Model): void {
  const { uniform, normal } = random(2, "cut");
  const set = (name: string, { dims, data }: FloatTensor, next: (w: number, i: number) => number) =>
    model.initializers.set(name, float32(dims, data.map(next)));
  for (const { weight, tensor } of layersOf(model)) {
    const [rows, columns] = tensor.dims;
    const block = sizeOf(tensor.dims.slice(2));
    const [live, read] = [rows, columns].map((size) => Array.from({ length: size }, () => uniform() < 0.5));
    set(weight, tensor, (w, i) => {
      const [row, column] = [Math.floor(i / block / columns), Math.floor(i / block) % columns];
      return live[row] && (columns === 1 || read[column]) ? w : 0;
    });
  }
  for (const [name, tensor] of model.initializers) {
    if (name.endsWith(".bias") && isFloat32(tensor)) set(name, tensor, normal);
  }
}

async function outputOf(model: Model): Promise<number[]> {
  const program = await engine.compile(model);
  const dims = [2, ...(model.inputs[0].shape ?? []).slice(1).map(Number)];
  const { normal } = random(9, "input");
  const { logits } = await program.run({ input: float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal)) });
  await program.release();
  return Array.from<number | bigint, number>(logits.data, Number);
}

describe("the published numbers of parameters", () => {
  it.each([
    ["lenet-300-100", 266_610],
    ["lenet-5", 431_080],
    ["alexnet", 60_965_224],
    ["vgg-16", 138_357_544],
    ["googlenet", 6_998_552],
    ["squeezenet", 1_248_424],
    ["resnet-50", 25_557_032],
    ["resnet-20", 272_474],
    ["mobilenet-v2", 3_504_872],
    ["vit", 2_693_194],
  ])("%s: %i", (name, parameters) => {
    const model = build(name, { initializer: constant(0) });
    const sizes = trainableParameters(model).map((parameter) => sizeOf(model.initializers.get(parameter)?.dims ?? []));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters);
  });
});

// Networks for text are built for their data: see the tests of sequences.
describe.each([...networks].flatMap(([name, { text }]) => (text ? [] : [name])))("%s", (name) => {
  const options = { ...small[name], classes: CLASSES };

  it("learns in a step, and when pruned keeps what is cut at zero", async () => {
    const model = build(name, options);
    const layers = layersOf(model);
    const whole = new Map(
      layers.map(({ weight, tensor }) => [
        weight,
        float32(
          tensor.dims,
          tensor.data.map(() => 1),
        ),
      ]),
    );
    const dropout = new Map(model.nodes.filter(({ op }) => op === "Dropout").map((node) => [node.name, 0]));
    const optimizer = { name: "sgd", momentum: 0.9 } as const;
    const trainer = await Trainer.create(engine, model, {
      batch: BATCH,
      optimizer,
      masks: whole,
      dropout,
      seed: 1,
      stepsPerRun: 1,
    });
    const { [model.inputs[0].name]: inputs, [targetOf("label")]: labels } = trainer.batchOf(0);
    const stream = random(1, "batch");
    inputs.forEach((_, i) => {
      inputs[i] = stream.normal();
    });
    for (let i = 0; i < BATCH; i++) labels[i] = i;
    const losses = [...(await trainer.run([RATE])), ...(await trainer.run([RATE]))];
    expect(losses[1]).toBeLessThan(losses[0]);

    const parameters = await trainer.parameters();
    const masks = chooseMasks(
      { kind: "density", layers: layers.map((layer) => [layer.name, 0.5] as const) },
      layers,
      parameters,
      1,
    );
    trainer.mask(masks);
    expect(await trainer.run([RATE])).toSatisfy(([loss]) => Number.isFinite(loss));
    const pruned = await trainer.parameters();
    let cut = 0;
    for (const [weight, mask] of masks) {
      const { data } = pruned.get(weight) as FloatTensor;
      expect(data.every((w, i) => (w !== 0) === (mask.data[i] === 1))).toBe(true);
      cut += mask.data.filter((kept) => kept === 0).length;
    }
    expect(cut).toBeGreaterThan(0);
    await trainer.release();
  });

  it("loses units that are dead, and says the same", async () => {
    const model = build(name, options);
    cutUnits(model);
    const { model: smaller, layers } = await removeDeadUnits(engine, model);
    const [before, after] = [await outputOf(model), await outputOf(smaller)];
    const largest = Math.max(1e-3, ...before.map(Math.abs));
    for (const [i, value] of before.entries()) expect(Math.abs(value - after[i])).toBeLessThan(1e-4 * largest);
    const shrunk = layers.filter(({ before, after }) => after < before);
    expect(shrunk.length).toBe(shrinking[name]);
    if (shrunk.length > 0) expect(countParameters(smaller).parameters).toBeLessThan(countParameters(model).parameters);
  });
});
