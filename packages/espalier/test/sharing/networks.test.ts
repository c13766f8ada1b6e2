import { beforeAll, describe, expect, it } from "vitest";
import { readInOrder } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { conv2d, dense, flatten, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32, isFloat32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { random } from "../../src/random.ts";
import { trainable } from "../../src/sharing/codebook-parameters.ts";
import { sharingOf } from "../../src/sharing/distinct.ts";
import { withGather } from "../../src/sharing/gather.ts";
import { importanceOf } from "../../src/sharing/importance.ts";
import type { MethodName } from "../../src/sharing/methods.ts";
import { retrain } from "../../src/sharing/retrain.ts";
import { rowsOf } from "../../src/sharing/rows.ts";
import { sharingRules } from "../../src/sharing/rules.ts";
import { searchSharing } from "../../src/sharing/search.ts";
import { bitsFor, type Sharing, share, withShared } from "../../src/sharing/share.ts";
import { countCodes, denseOf } from "../../src/sharing/shared.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { learn } from "../../src/training/learn.ts";
import { parametersOf, withParameters } from "../../src/training/parameters.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { blobNet, blobs, readBatch } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const METHODS: readonly MethodName[] = ["kmeans", "uniform", "entropy"];

/** The model with two of three of its first layer's weights cut. */
function pruned(model: Model): Model {
  const [{ weight, tensor }] = layersOf(model);
  const cut = tensor.data.map((w, i) => (i % 3 === 0 ? w : 0));
  return withParameters(model, new Map([[weight, float32(tensor.dims, cut)]]));
}

const dataOf = (model: Model, name: string) => {
  const tensor = model.initializers.get(name);
  if (!isFloat32(tensor)) throw new Error(`no ${name}`);
  return tensor.data;
};

/** How a step of plain gradient descent changes each parameter of a network. */
async function stepOf(model: Model): Promise<Map<string, Float32Array>> {
  const trainer = await Trainer.create(engine, model, {
    batch: 40,
    optimizer: { name: "sgd", momentum: 0 },
    seed: 1,
    rules: sharingRules,
  });
  await readBatch(trainer, 0, data, [...Array(40).keys()]);
  await trainer.run([0.5]);
  const after = await trainer.parameters();
  await trainer.release();
  const before = parametersOf(model, after.keys());
  return new Map(
    Array.from(after, ([name, { data: now }]) => [name, now.map((w, i) => w - (before.get(name)?.data[i] ?? 0))]),
  );
}

describe("training codebooks", () => {
  it("moves each value by the sum of what its weights would move by", async () => {
    const [model] = await trainedNetworks;
    const sharing = share(model, bitsFor(model, [["*", 3]], 2), { seed: 1 });
    const ofWeights = await stepOf(withShared(model, sharing));
    const { model: network, read } = trainable(model, sharing);
    const ofValues = await stepOf(network);
    const moved = new Map(
      Array.from(parametersOf(network, ofValues.keys()), ([name, { dims, data: own }]) => {
        const by = ofValues.get(name) ?? own;
        return [
          name,
          float32(
            dims,
            own.map((v, i) => v + by[i]),
          ),
        ];
      }),
    );
    const { sharing: after, others } = read(moved);
    expect(others.size).toBe(0);
    for (const [name, { values, codes }] of sharing) {
      const sums = new Float64Array(values.length);
      codes.forEach((code, i) => {
        sums[code] += ofWeights.get(name)?.[i] ?? Number.NaN;
      });
      const now = denseOf(after.get(name) ?? sharing.get(name) ?? { dims: [], values, codes }).data;
      codes.forEach((code, i) => {
        if (values[code] === 0 && name === "fc1.weight") expect(Object.is(now[i], 0)).toBe(true);
        else if (values[code] !== 0) expect(now[i]).toBeCloseTo(values[code] + sums[code], 5);
      });
    }
  });

  it("moves the step of a uniform codebook, and only that", async () => {
    const [model] = await trainedNetworks;
    const sharing = share(model, bitsFor(model, [["*", 4]]), { seed: 1, method: "uniform" });
    const ofWeights = await stepOf(withShared(model, sharing));
    const ofValues = await stepOf(trainable(model, sharing).model);
    for (const [name, { values, codes, step = Number.NaN }] of sharing) {
      let sum = 0;
      codes.forEach((code, i) => {
        sum += Math.round(values[code] / step) * (ofWeights.get(name)?.[i] ?? Number.NaN);
      });
      const own = [...ofValues].find(([parameter]) => parameter.endsWith(name))?.[1] ?? [];
      expect(own).toHaveLength(1);
      expect(own[0]).toBeCloseTo(sum, 4);
    }
    expect(ofValues.get("fc1.bias")).toEqual(ofWeights.get("fc1.bias"));
  });

  it.each(METHODS)("%s: finds a network at least as good, with the same zeros and as few values", async (method) => {
    const [trained] = await trainedNetworks;
    const sharing = share(trained, bitsFor(trained, [["*", 2]], 3), { seed: 1, method });
    const result = await retrain(engine, trained, sharing, data, { seed: 1, epochs: 4, batch: 20 });
    expect(result.after).toBeLessThanOrEqual(result.before);
    const { value } = await evaluate(engine, result.model, data, data.validation);
    expect(value).toBe(result.after);
    for (const { weight } of layersOf(trained)) {
      const [was, is] = [dataOf(withShared(trained, sharing), weight), dataOf(result.model, weight)];
      expect(new Set(is).size).toBeLessThanOrEqual(new Set(was).size);
      was.forEach((w, i) => {
        if (w === 0) expect(Object.is(is[i], 0)).toBe(true);
      });
    }
  });

  it("with data brings an error down that sharing brought up", async () => {
    const [, trained] = await trainedNetworks;
    const sharing = share(trained, bitsFor(trained, [["*", 1]]), { seed: 1 });
    const learningRate = { policy: "constant", rate: 0.01 } as const;
    const result = await retrain(engine, trained, sharing, data, { seed: 1, epochs: 8, batch: 20, learningRate });
    expect(result.after).toBeLessThan(result.before);
  });
});

/** Networks that have learned the blobs: whole, and with the zeros of a pruned one. */
let trainedNetworks: Promise<Model[]>;
beforeAll(() => {
  trainedNetworks = Promise.all(
    [pruned(blobNet()), blobNet()].map(async (model) => {
      const learning = { epochs: 8, learningRate: { policy: "constant", rate: 0.01 }, seed: 1 } as const;
      const masks = new Map(
        Array.from(parametersOf(model, ["fc1.weight"]), ([name, { dims, data: w }]) => [
          name,
          float32(
            dims,
            w.map((v) => (v === 0 ? 0 : 1)),
          ),
        ]),
      );
      const { best } = await learn(
        engine,
        { model, data },
        undefined,
        { batch: 20, optimizer: { name: "adam" }, seed: 1, masks },
        learning,
      );
      return withParameters(model, best?.parameters ?? new Map());
    }),
  );
});

/** Both models' outputs for the validation samples. */
async function outputsOf(model: Model): Promise<Float32Array> {
  const found: number[] = [];
  const program = await engine.compile(model);
  const inputs = float32([10, 1, 4, 4]);
  for (let start = 0; start < 50; start += 10) {
    await readInOrder(data.validation, start, 10, { image: inputs.data });
    found.push(...((await program.run({ input: inputs })).logits.data as Float32Array));
  }
  await program.release();
  return Float32Array.from(found);
}

describe("the form of codes and codebooks", () => {
  it.each(METHODS)("%s: computes bit for bit what the values written out do", async (method) => {
    for (const model of await trainedNetworks) {
      const sharing = share(model, bitsFor(model, [["*", 4]], 2), { seed: 1, method });
      const gathered = readModel(writeModel(withGather(model, sharing)));
      expect(await outputsOf(gathered)).toEqual(await outputsOf(withShared(model, sharing)));
      // The others are shapes and tables.
      for (const [name, { dims, dtype }] of gathered.initializers) {
        if (dims.length > 1) expect([name, dtype]).toEqual([name, "uint8"]);
      }
    }
  });

  it("is small: a byte for a weight, or two for one that is left", async () => {
    const layers = [conv2d(8, 3), relu(), flatten(), dense(100), relu(), dense(10)];
    const model = sequential(layers, { name: "net", input: [1, 28, 28], seed: 1 });
    const whole = share(model, bitsFor(model, [["*", 8]]), { seed: 1 });
    const weights = layersOf(model).reduce((sum, { tensor }) => sum + tensor.data.length, 0);
    expect(writeModel(withGather(model, whole)).length).toBeLessThan(weights + 6000);
    const sparse = layersOf(model).map(({ weight, tensor }) => {
      const { below } = random(1, "cut", weight);
      return [
        weight,
        float32(
          tensor.dims,
          tensor.data.map((w) => (below(400) === 0 ? w : 0)),
        ),
      ] as const;
    });
    const cut = withParameters(model, new Map(sparse));
    const sharing = share(cut, bitsFor(cut, [["*", 5]]), { seed: 1 });
    const small = readModel(writeModel(withGather(cut, sharing)));
    // Of 540,800 weights one in 400 is left, so that distances go beyond a byte and zeros fill in.
    expect(writeModel(small).length).toBeLessThan(12_000);
    const feeds = {
      input: float32(
        [1, 1, 28, 28],
        Float32Array.from({ length: 784 }, (_, i) => Math.sin(i)),
      ),
    };
    const [a, b] = await Promise.all(
      [small, withShared(cut, sharing)].map(async (m) => (await (await engine.compile(m)).run(feeds)).logits.data),
    );
    expect(a).toEqual(b);
  });

  it("is found again in a network that was shared before", async () => {
    const [model] = await trainedNetworks;
    const sharing = share(model, bitsFor(model, [["*", 4]], 3), { seed: 1 });
    const found: Sharing = sharingOf(withShared(model, sharing));
    expect([...found.keys()].sort()).toEqual([...sharing.keys()].sort());
    for (const [name, shared] of sharing) expect(found.get(name)).toEqual({ ...shared, step: undefined });
    const many = sequential([flatten(), dense(40)], { name: "many", input: [1, 4, 4], seed: 1 });
    expect([...sharingOf(many).keys()]).toEqual(["fc1.bias"]);
  });
});

describe("bits", () => {
  const model = blobNet();

  it("go to layers by name or glob, the last that fits, and to their biases when asked", () => {
    expect(
      bitsFor(model, [
        ["*", 4],
        ["fc2", 8],
      ]),
    ).toEqual(
      new Map([
        ["fc1.weight", 4],
        ["fc2.weight", 8],
      ]),
    );
    expect(bitsFor(model, [["fc2", 3]], 6)).toEqual(
      new Map([
        ["fc2.weight", 3],
        ["fc2.bias", 6],
      ]),
    );
    expect(() => bitsFor(model, [["conv1", 3]])).toThrow(/No layer is called "conv1"/);
    expect(() => bitsFor(model, [["*", 9]])).toThrow(/from 1 to 8/);
    expect(() => bitsFor(model, [["*", 4]], 0)).toThrow(/0 bits for "biases"/);
  });

  it("know the bias that is added behind a product", () => {
    const { nodes, ...rest } = blobNet();
    const [flat, gemm, ...others] = nodes;
    // A MatMul has its inputs first.
    const first = rest.initializers.get("fc1.weight");
    if (isFloat32(first)) rest.initializers.set("fc1.weight", float32(first.dims.toReversed(), first.data));
    const product = { ...gemm, op: "MatMul", inputs: gemm.inputs.slice(0, 2), outputs: ["product"], attributes: {} };
    const sum = { ...gemm, op: "Add", inputs: ["product", gemm.inputs[2]], attributes: {} };
    const split = { ...rest, nodes: [flat, product, sum, ...others] };
    expect(layersOf(split).map(({ bias }) => bias)).toEqual(["fc1.bias", "fc2.bias"]);
  });

  it("refuse weights that are not numbers", () => {
    const broken = blobNet();
    dataOf(broken, "fc1.weight")[3] = Number.NaN;
    expect(() => share(broken, bitsFor(broken, [["*", 4]]), { seed: 1 })).toThrow(
      /"fc1.weight" has a weight that is NaN/,
    );
  });
});

describe("the search within a loss of accuracy", () => {
  it.each(METHODS)("%s: stays within the limit, and gets smaller with it", async (method) => {
    const [model] = await trainedNetworks;
    const { value: error } = await evaluate(engine, model, data, data.validation);
    const sizes: number[] = [];
    for (const loss of [0, 20]) {
      const tries: boolean[] = [];
      const found = await searchSharing(engine, model, data, {
        method,
        seed: 1,
        limit: error + loss,
        parameters: [...bitsFor(model, [["*", 8]], 8).keys()],
        retrain: { seed: 1, epochs: 2, batch: 20 },
        onTry: ({ accepted }) => tries.push(accepted),
      });
      if (!found) throw new Error("nothing was found");
      expect(tries.length).toBeGreaterThan(1);
      expect(found.after).toBeLessThanOrEqual(error + loss);
      const checked = await evaluate(engine, found.model, data, data.validation);
      expect(checked.value).toBe(found.after);
      const rows = rowsOf(model, found.sharing);
      expect(rows.map(({ name }) => name)).toEqual(["fc1", "fc2", "fc1.bias", "fc2.bias"]);
      sizes.push(rows.reduce((sum, { values, kept }) => sum + 4 * values + kept, 0));
    }
    // Two bits of a uniform codebook are enough for the blobs.
    if (method === "uniform") expect(sizes[1]).toBeLessThanOrEqual(sizes[0]);
    else expect(sizes[1]).toBeLessThan(sizes[0]);
  });

  it("gives nothing where even the finest is too much", async () => {
    const [model] = await trainedNetworks;
    const options = { seed: 1, limit: -1, parameters: ["fc1.weight"], retrain: { seed: 1, epochs: 0 } };
    expect(await searchSharing(engine, model, data, options)).toBeUndefined();
  });
});

describe("importance", () => {
  it("is 1 on average over the weights that are left, and higher where gradients are", async () => {
    const [model] = await trainedNetworks;
    const found = await importanceOf(engine, model, data, ["fc1.weight"], { batch: 20, seed: 1 });
    const own = found.get("fc1.weight")?.data ?? new Float32Array();
    const live = own.filter((_, i) => dataOf(model, "fc1.weight")[i] !== 0);
    expect(live.reduce((sum, h) => sum + h, 0) / live.length).toBeCloseTo(1, 3);
    expect(Math.min(...own)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...own)).toBeGreaterThan(1.5);
  });

  it("of codes counts every element once", async () => {
    const [model] = await trainedNetworks;
    for (const { codes, ...shared } of share(model, bitsFor(model, [["*", 3]]), { seed: 1 }).values()) {
      expect(countCodes({ codes, ...shared }).reduce((sum, count) => sum + count, 0)).toBe(codes.length);
    }
  });
});
