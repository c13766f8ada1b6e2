import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import type { Program } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { webEngine } from "../../src/engine/web.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32, isFloat32, scalar } from "../../src/onnx/tensor.ts";
import { classify } from "../../src/tasks/classify.ts";
import { losses } from "../../src/tasks/loss.ts";
import type { Task } from "../../src/tasks/task.ts";
import { targetOf } from "../../src/training/feeding.ts";
import { LOSS, objective } from "../../src/training/objective.ts";
import { transformOf } from "../../src/training/optimizer.ts";
import { trainableParameters } from "../../src/training/parameters.ts";
import {
  gradientOf,
  gradientStep,
  LEARNING_RATE,
  maskOf,
  type StepOptions,
  updateStep,
  wholeStep,
} from "../../src/training/step-graph.ts";
import { Trainer, type TrainerOptions } from "../../src/training/trainer.ts";
import { blobNet, blobs, readBatch, readSamples } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const BATCH = 8;
const base: TrainerOptions = { batch: BATCH, seed: 1, optimizer: { name: "sgd", momentum: 0.9 } };

async function steps(trainer: Trainer, count: number): Promise<number[]> {
  const data = blobs();
  const found: number[] = [];
  while (found.length < count) {
    const now = Math.min(trainer.capacity, count - found.length);
    for (let i = 0; i < now; i++) {
      await readBatch(
        trainer,
        i,
        data,
        Array.from({ length: BATCH }, (_, j) => (found.length + i) * BATCH + j),
      );
    }
    found.push(...(await trainer.run(Array.from({ length: now }, () => 0.05))));
  }
  return found;
}

/** Keeps every second connection of fc1. */
function halfMask(model: Model): Map<string, FloatTensor> {
  const weight = model.initializers.get("fc1.weight");
  if (!isFloat32(weight)) throw new Error("no weight");
  return new Map([
    [
      "fc1.weight",
      float32(
        weight.dims,
        weight.data.map((_, i) => i % 2),
      ),
    ],
  ]);
}

describe("Trainer", () => {
  it("lowers the loss, alike on both engines", async () => {
    const native = await Trainer.create(engine, blobNet(), base);
    const web = await Trainer.create(await webEngine({ threads: 1 }), blobNet(), base);
    const [a, b] = [await steps(native, 40), await steps(web, 40)];
    expect(a[39]).toBeLessThan(a[0] / 2);
    for (const [i, loss] of a.entries()) expect(loss).toBeCloseTo(b[i], 4);
    await native.release();
    await web.release();
  });

  it.each(["sgd", "adam"] as const)("does the same in one step a run as in several, by %s", async (name) => {
    const model = blobNet(1, 0.5);
    const masks = halfMask(model);
    const optimizer = name === "sgd" ? base.optimizer : { name };
    const [single, several] = [
      await Trainer.create(engine, model, { ...base, optimizer, masks, stepsPerRun: 1 }),
      await Trainer.create(engine, model, { ...base, optimizer, masks }),
    ];
    expect([single.capacity, several.capacity]).toEqual([1, 16]);
    expect(await steps(several, 20)).toEqual(await steps(single, 20));
    expect(await several.state()).toEqual(await single.state());
    await Promise.all([single.release(), several.release()]);
  });

  it("starts with the loss of the equation: softmax cross-entropy and squared error", async () => {
    const model = blobNet();
    const data = blobs();
    const trainer = await Trainer.create(engine, model, base);
    const squared = await Trainer.create(engine, model, {
      ...base,
      task: classify(undefined, { loss: losses.get("mse") }),
    });
    const forward = await engine.compile(await annotate(engine, model, { batch: BATCH }));
    const first = Array.from({ length: BATCH }, (_, j) => j);
    const { inputs, labels } = await readSamples(data, data.train, first);
    const { logits } = await forward.run({ input: float32([BATCH, 1, 4, 4], inputs) });
    let entropy = 0;
    let squares = 0;
    for (let i = 0; i < BATCH; i++) {
      const z = Array.from(logits.data.subarray(4 * i, 4 * i + 4) as Float32Array);
      entropy += Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - z[labels[i]];
      squares += z.reduce((sum, value, c) => sum + (value - (c === labels[i] ? 1 : 0)) ** 2, 0) / 2;
    }
    expect((await steps(trainer, 1))[0]).toBeCloseTo(entropy / BATCH, 5);
    expect((await steps(squared, 1))[0]).toBeCloseTo(squares / BATCH, 4);
    await Promise.all([trainer.release(), squared.release(), forward.release()]);
  });

  it("holds masks, in weights and in the optimizer's state", async () => {
    const model = blobNet();
    const masks = halfMask(model);
    const trainer = await Trainer.create(engine, model, { ...base, masks });
    await steps(trainer, 10);
    const { parameters, slots } = await trainer.state();
    for (const tensor of [parameters.get("fc1.weight"), slots.get("velocity/fc1.weight")]) {
      expect(tensor?.data.every((value, i) => i % 2 === 1 || value === 0)).toBe(true);
      expect(tensor?.data.some((value) => value !== 0)).toBe(true);
    }
    await trainer.release();
  });

  it("trains what the task's output depends on: of several that are not all imitated, the first", async () => {
    const model = blobNet();
    const graph = new GraphBuilder(model, "second/");
    const hidden = model.nodes.find(({ op }) => op === "Relu")?.outputs[0] ?? "";
    const own = graph.initializer("own.weight", float32([12, 2], new Float32Array(24).fill(0.1)));
    model.outputs.push({ name: graph.emit("MatMul", [hidden, own]), dtype: "float32", shape: ["batch", 2] });
    const decayed = new Map([[own, { l2: 0.1 }]]);
    const trainer = await Trainer.create(engine, model, { ...base, regularization: decayed });
    expect(trainer.parameterNames).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
    await trainer.release();
    const all: Task = {
      ...classify(),
      form: { kind: "all" },
      targets: () => [],
      loss: (graph, outputs) =>
        graph.emit(
          "Add",
          outputs.map(({ name }) => graph.emit("ReduceMean", [name], { keepdims: int(0) })),
        ),
    };
    const imitating = await Trainer.create(engine, model, { ...base, task: all });
    expect(imitating.parameterNames).toContain(own);
    await imitating.release();
  });

  it("trains nothing that is frozen", async () => {
    const trainer = await Trainer.create(engine, blobNet(), { ...base, frozen: new Set(["fc1.weight", "fc1.bias"]) });
    expect(trainer.parameterNames).toEqual(["fc2.weight", "fc2.bias"]);
    await steps(trainer, 3);
    expect([...(await trainer.parameters()).keys()]).toEqual(["fc2.weight", "fc2.bias"]);
    await trainer.release();
  });

  it("drops units by the ratio, from the seed", async () => {
    const create = (seed: number, ratio: number) =>
      Trainer.create(engine, blobNet(1, 0.5), { ...base, seed, dropout: new Map([["drop1", ratio]]) });
    const [none, a, again, b] = [await create(1, 0), await create(1, 0.5), await create(1, 0.5), await create(2, 0.5)];
    const plain = await Trainer.create(engine, blobNet(), base);
    expect(await steps(none, 3)).toEqual(await steps(plain, 3));
    const dropped = await steps(a, 3);
    expect(dropped).toEqual(await steps(again, 3));
    expect(dropped).not.toEqual(await steps(b, 3));
    for (const trainer of [none, a, again, b, plain]) await trainer.release();
  });

  it("says what cannot be trained", async () => {
    const model = blobNet();
    model.opsets.set("com.microsoft", 1);
    model.nodes = model.nodes.map((node) =>
      node.op === "Relu" ? { ...node, op: "QuickGelu", domain: "com.microsoft" } : node,
    );
    await expect(Trainer.create(engine, model, base)).rejects.toThrow(
      /No gradient rule for the operator com.microsoft:QuickGelu/,
    );
  });
});

describe("the step in two cuts", () => {
  it("does the same as in one", async () => {
    const model = blobNet();
    const masks = halfMask(model);
    const typed = await annotate(
      engine,
      objective(await annotate(engine, model, { batch: BATCH }), classify()).model,
      {},
    );
    const parameters = trainableParameters(model);
    const options: StepOptions = {
      parameters,
      optimizer: transformOf({ name: "sgd", momentum: 0.9 }),
      masked: new Set(masks.keys()),
    };
    const compile = async (step: ReturnType<typeof wholeStep>): Promise<Program> => engine.compile(step.model, step);
    const [whole, gradients, update] = [
      await compile(wholeStep(typed, options)),
      await compile(gradientStep(typed, options)),
      await compile(updateStep(typed, options)),
    ];
    for (const name of parameters) {
      const tensor = model.initializers.get(name) as FloatTensor;
      const mask = masks.get(name);
      const start = mask
        ? float32(
            tensor.dims,
            tensor.data.map((w, i) => w * mask.data[i]),
          )
        : tensor;
      for (const program of [whole, gradients, update]) program.load(name, start);
      if (mask) for (const program of [whole, update]) program.load(maskOf(name), mask);
    }
    const data = blobs();
    const rate = { [LEARNING_RATE]: scalar("float32", 0.05) };
    for (let i = 0; i < 5; i++) {
      const indices = Array.from({ length: BATCH }, (_, j) => i * BATCH + j);
      const { inputs, labels } = await readSamples(data, data.train, indices);
      const batch = {
        input: float32([BATCH, 1, 4, 4], inputs),
        [targetOf("label")]: { dtype: "int32", dims: [BATCH], data: labels } as const,
      };
      const one = await whole.run({ ...batch, ...rate });
      const cut = await gradients.run(batch);
      expect(cut[LOSS].data[0]).toBeCloseTo(Number(one[LOSS].data[0]), 6);
      await update.run({
        ...Object.fromEntries(parameters.map((name) => [gradientOf(name), cut[gradientOf(name)]])),
        ...rate,
      });
      for (const name of parameters) gradients.load(name, await update.read(name));
    }
    for (const name of parameters) {
      const [a, b] = [await whole.read(name), await update.read(name)];
      for (let i = 0; i < a.data.length; i++) expect(Number(a.data[i])).toBeCloseTo(Number(b.data[i]), 5);
    }
    await Promise.all([whole.release(), gradients.release(), update.release()]);
  });
});
