import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adopt } from "../../src/adoption/adopt.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { openModule } from "../../src/data/module.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { train } from "../../src/library/train.ts";
import { int } from "../../src/onnx/attributes.ts";
import { glorot } from "../../src/onnx/build/initializers.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import type { DType } from "../../src/onnx/dtype.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { pruneUnlabeled } from "../../src/pruning/reconstruction/search.ts";
import { taskFor } from "../../src/tasks/index.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "espalier-named-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Samples of two tensors: a word of eight, and two numbers; the class is whether the word times the first is above 2. */
const MODULE = `
const split = (size, seed) => ({
  size,
  read(indices, { word, numbers, kind }) {
    for (let i = 0; i < indices.length; i++) {
      const n = (indices[i] * 7919 + seed) % 1009;
      const [w, a, b] = [n % 8, (n % 13) / 13, (n % 11) / 11];
      if (word) word[i] = BigInt(w);
      if (numbers) numbers.set([a, b], 2 * i);
      if (kind) kind[i] = w * a > 2 ? 1 : 0;
    }
  },
});
export default {
  name: "words and numbers",
  inputs: [
    { name: "word", dtype: "int64", shape: [1] },
    { name: "numbers", dtype: "float32", shape: [2] },
  ],
  targets: [{ name: "kind", dtype: "uint8", shape: [] }],
  train: split(600, 1),
  validation: split(200, 2),
  test: split(200, 3),
};`;

/** A network that embeds the word and joins the numbers to it; its inputs come in the other order. */
function network([word, numbers]: readonly string[], dtype: DType = "int64"): Model {
  const model = emptyModel("two-inputs");
  model.inputs.push(
    { name: numbers, dtype: "float32", shape: ["batch", 2] },
    { name: word, dtype, shape: ["batch", null] },
  );
  const graph = new GraphBuilder(model);
  const table = graph.initializer("table", glorot([8, 4], 1, "table"));
  const embedded = graph.emit("Flatten", [graph.emit("Gather", [table, word])]);
  const joined = graph.emit("Concat", [embedded, numbers], { axis: int(1) });
  const hidden = graph.emit("Relu", [
    graph.emit("MatMul", [joined, graph.initializer("fc1", glorot([6, 16], 1, "fc1"))]),
  ]);
  graph.emit("MatMul", [hidden, graph.initializer("fc2", glorot([16, 2], 1, "fc2"))], {}, "scores");
  model.outputs.push({ name: "scores", dtype: "float32", shape: ["batch", 2] });
  return model;
}

async function opened(): Promise<Dataset> {
  const path = join(folder, "words.mjs");
  writeFileSync(path, MODULE);
  return openModule(path);
}

describe("a module of named samples", () => {
  it("keeps its inputs and targets, and needs no classes", async () => {
    const data = await opened();
    expect(data.inputs.map(({ name, dtype }) => [name, dtype])).toEqual([
      ["word", "int64"],
      ["numbers", "float32"],
    ]);
    expect(data.targets).toEqual([{ name: "kind", dtype: "uint8", shape: [] }]);
    expect(data.classes).toBeUndefined();
  });

  it("is bound to a network's inputs by name, tokens in their own type, and learned from", async () => {
    const result = await train(engine, network(["word", "numbers"]), await opened(), {
      epochs: 15,
      batch: 20,
      optimizer: "adam",
      learningRate: 0.01,
      l2: 0,
    });
    expect(result.test).toBeLessThan(8);
    expect(result.model.inputs.map(({ dtype }) => dtype)).toEqual(["float32", "int64"]);
  });

  it("is bound in order where the names are others, and refused where that does not fit", async () => {
    const data = await opened();
    const swapped = { ...data, inputs: data.inputs.toReversed() };
    const judged = async (model: Model, own: Dataset) => {
      const { model: adopted } = await adopt(engine, model, { data: own });
      return evaluate(engine, adopted, own, own.test);
    };
    expect(await judged(network(["a", "b"]), swapped)).toEqual(await judged(network(["word", "numbers"]), data));
    const one = { ...data, inputs: data.inputs.slice(0, 1) };
    await expect(judged(network(["a", "b"]), one)).rejects.toThrow(
      /has the inputs "b", "a", and the samples of words and numbers have "word": .* by --fix NAME=VALUE\.$/,
    );
  });

  it("is converted where nothing is lost, which is said, and refused where something is", async () => {
    const data = await opened();
    const { model, notes } = await adopt(engine, network(["word", "numbers"], "int32"), { data });
    expect(notes).toEqual(['"word" is int64 and fed to "word" as int32, where nothing of it is lost.']);
    const { value } = await evaluate(engine, model, data, data.test);
    const same = await adopt(engine, network(["word", "numbers"]), { data });
    expect(value).toBe((await evaluate(engine, same.model, data, data.test)).value);
    const halves = {
      ...data,
      inputs: [
        { name: "word", dtype: "float32" as const, shape: [1] },
        { name: "numbers", dtype: "float32" as const, shape: [2] },
      ],
      test: {
        size: 10,
        read: (_: unknown, { word }: Record<string, unknown>) => void (word as Float32Array).fill(0.5),
      },
    };
    await expect(evaluate(engine, model, halves, halves.test)).rejects.toThrow(
      /"word" has float32 elements that are not int32/,
    );
  });

  it("has recordings that begin within it", async () => {
    const path = (starts: readonly number[]) => {
      const file = join(folder, `starts-${starts.join("-")}.mjs`);
      const stream = `stream: { starts: [${starts}] }`;
      const split = `{ size: 4, ${stream}, read(indices, { x }) { x?.fill(1); } }`;
      const inputs = "inputs: [{ name: 'x', dtype: 'float32', shape: [] }]";
      writeFileSync(
        file,
        `const s = ${split};\nexport default { name: 's', ${inputs}, train: s, validation: s, test: s };`,
      );
      return file;
    };
    expect((await openModule(path([0, 1, 3]))).train.stream?.starts).toEqual([0, 1, 3]);
    for (const starts of [[0, 4], [0, 9], [1, 2], [0, 2, 2], []]) {
      await expect(openModule(path(starts))).rejects.toThrow(/train: has stream\.starts that are not whole/);
    }
  });

  it("in the form before samples had names says what to write", async () => {
    const path = join(folder, "old.mjs");
    writeFileSync(path, "export default { name: 'old', sampleShape: [1], classes: 2 };");
    await expect(openModule(path)).rejects.toThrow(/has a sampleShape, and samples are named tensors now/);
  });
});

describe("several labels of a sample", () => {
  const single = blobs();
  /** Two labels for each sample: its class, and the one after it. */
  const both = (split: Dataset["train"]): Dataset["train"] => ({
    size: split.size,
    async read(indices, { image, label }) {
      const own = new Int32Array(indices.length);
      await split.read(indices, image ? { image, label: own } : { label: own });
      if (label) for (const [i, k] of own.entries()) [label[2 * i], label[2 * i + 1]] = [k, (k + 1) % 4];
    },
  });
  const data: Dataset = {
    ...single,
    targets: [{ name: "label", dtype: "int32", shape: [2] }],
    train: both(single.train),
    validation: both(single.validation),
    test: both(single.test),
  };

  /** A network with four scores for each of the two. */
  function twoHeads(): Model {
    const model = blobNet();
    const graph = new GraphBuilder(model);
    const wide = graph.initializer("wide", glorot([4, 8], 1, "wide"));
    const scores = graph.emit("MatMul", ["logits", wide]);
    graph.emit("Reshape", [scores, graph.ints([-1, 2, 4])], {}, "both");
    model.outputs = [{ name: "both", dtype: "float32", shape: ["batch", 2, 4] }];
    return model;
  }

  it("are learned, counted one by one, and no obstacle to pruning without labels", async () => {
    const result = await train(engine, twoHeads(), data, {
      epochs: 8,
      batch: 20,
      optimizer: "adam",
      learningRate: 0.02,
    });
    expect(result.test).toBeLessThan(20);
    const { model } = await adopt(engine, result.model, { data, form: taskFor(data).form });
    const { samples, value } = await evaluate(engine, model, data, data.test);
    expect([samples, value]).toEqual([200, result.test]);
    const pruned = await pruneUnlabeled(engine, model, data, { target: { kind: "rate", rate: 1.5 } });
    expect(pruned.trials[0].rate).toBeCloseTo(1.5, 1);
    expect(pruned.trials[0].agreement.samples).toBe(200);
    expect(layersOf(model)).toHaveLength(3);
  });
});
