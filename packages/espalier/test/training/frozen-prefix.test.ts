import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { temporaryFile } from "../../src/data/file-store.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { conv2d, dense, dropout, flatten, type LayerBuilder, maxPool, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { withoutFrozenPrefix } from "../../src/training/frozen-prefix.ts";
import { trainableParameters, withParameters } from "../../src/training/parameters.ts";
import { runEpochs } from "../../src/training/train.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { blobs, readSamples } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const conv = new Set(["conv1.weight", "conv1.bias"]);

const net = (...middle: LayerBuilder[]) =>
  sequential([conv2d(4, 3, { pad: 1 }), relu(), ...middle, maxPool(2), flatten(), dense(12), relu(), dense(4)], {
    name: "net",
    input: [1, 4, 4],
    seed: 1,
  });

describe("a frozen prefix", () => {
  it("is run once: what is left computes the same from its outputs", async () => {
    const rest = await withoutFrozenPrefix(engine, net(), data, conv);
    expect(rest?.model.nodes.map(({ op }) => op)).toEqual(["Gemm", "Relu", "Gemm"]);
    expect(rest?.data.inputs.map(({ shape }) => shape)).toEqual([[16]]);
    if (!rest) return;
    const [whole, part] = [
      await Evaluator.create(engine, net(), data),
      await Evaluator.create(engine, rest.model, rest.data),
    ];
    for (const split of ["train", "validation"] as const) {
      expect(await part.evaluate(rest.data[split])).toEqual(await whole.evaluate(data[split]));
    }
    await Promise.all([whole.release(), part.release()]);
  });

  it("does not change what training comes to", async () => {
    const model = net();
    const options = { batch: 20, seed: 1, frozen: conv, optimizer: { name: "adam" } } as const;
    const learning = { epochs: 3, learningRate: { policy: "constant", rate: 0.01 }, seed: 1 } as const;
    const trainer = await Trainer.create(engine, model, options);
    const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model));
    const plain = await runEpochs(trainer, evaluator, data, learning);
    const rounds = [{ name: "train", ...options, ...learning }];
    const { results, best } = await runRounds(engine, model, data, rounds, options);
    for (const [i, { loss }] of results[0].epochs.entries()) expect(loss).toBeCloseTo(plain.history[i].loss, 5);
    expect(best.get("conv1.weight")).toEqual(model.initializers.get("conv1.weight"));
    evaluator.load(best);
    expect((await evaluator.evaluate(data.validation)).value).toBe(results[0].validation);
    await Promise.all([trainer.release(), evaluator.release()]);
    expect(withParameters(model, best).initializers.size).toBe(model.initializers.size);
  });

  it("goes to a file where memory is short, and leaves none behind", async () => {
    // Their names are gone at once, where the system allows it, so that they are gone with the process however it ends.
    const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith("espalier-numbers-")).length;
    const before = temporary();
    const inMemory = await withoutFrozenPrefix(engine, net(), data, conv);
    const inFile = await withoutFrozenPrefix(engine, net(), data, conv, { storage: temporaryFile, most: 100 });
    expect(temporary()).toBe(process.platform === "win32" ? before + 2 : before);
    const read = async (rest: typeof inFile) => {
      if (!rest) throw new Error("There is no prefix.");
      return readSamples(rest.data, rest.data.train, [7, 0, 399]);
    };
    expect(await read(inFile)).toEqual(await read(inMemory));
    inFile?.release();
    expect(temporary()).toBe(before);
    expect(await withoutFrozenPrefix(engine, net(), data, conv, { most: 100 })).toBeUndefined();
  });

  it("is left alone where it cannot be kept", async () => {
    const all = new Set(["fc2.weight"]);
    expect(await withoutFrozenPrefix(engine, net(), data, new Set())).toBeUndefined();
    // Nothing but Flatten lies before what is trained, or dropout does.
    expect(await withoutFrozenPrefix(engine, net(), data, all)).toBeUndefined();
    expect(await withoutFrozenPrefix(engine, net(dropout(0.5)), data, conv)).toBeUndefined();
  });
});
