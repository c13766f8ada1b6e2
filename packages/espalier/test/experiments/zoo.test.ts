import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode, type Progress, reproduce, writeModel } from "espalier";
import { nodeEngine } from "espalier/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Shelf, Trained } from "../../src/experiments/lab.ts";
import type { Shipped } from "../../src/experiments/shipped.ts";
import { type ZooRow, zoo } from "../../src/experiments/zoo.ts";
import { int8ByChannel } from "../../src/experiments/zoo-int8.ts";
import { timesOf } from "../../src/experiments/zoo-times.ts";
import { int, ints } from "../../src/onnx/attributes.ts";
import { he } from "../../src/onnx/build/initializers.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, isFloat32 } from "../../src/onnx/tensor.ts";
import { blobs } from "../blobs.ts";
import { espalier } from "../cli/espalier.ts";

const engine = nodeEngine({ threads: 1 });

/** Layers of each kind whose output channels lie along another axis. */
function layers(): Model {
  const model = emptyModel("layers");
  model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 1, 4, 4] });
  const graph = new GraphBuilder(model);
  const weight = (name: string, dims: readonly number[]) => graph.initializer(name, he(dims, 1, name));
  const maps = graph.emit("Conv", ["input", weight("conv", [6, 1, 3, 3])], { pads: ints([1, 1, 1, 1]) });
  const back = graph.emit("ConvTranspose", [maps, weight("back", [6, 3, 2, 2])], { strides: ints([2, 2]) });
  const flat = graph.emit("Flatten", [graph.emit("Relu", [back])]);
  const product = graph.emit("MatMul", [flat, weight("product", [192, 8])]);
  const upright = graph.emit("Gemm", [product, weight("upright", [5, 8])], { transB: int(1) });
  const scores = graph.emit("Gemm", [upright, weight("last", [5, 4])]);
  graph.emit("Softmax", [scores], {}, "probabilities");
  model.outputs.push({ name: "probabilities", dtype: "float32", shape: ["batch", 4] });
  return model;
}

describe("weights of 8 bits by channel", () => {
  it("are rounded with the scale of their output channel", async () => {
    const source = layers();
    const { file, rounded } = int8ByChannel(source);
    // By hand: along the axis of the output channels, of sizes before and behind it.
    const axes = { conv: 0, back: 1, product: 1, upright: 0, last: 1 };
    for (const [name, axis] of Object.entries(axes)) {
      const tensor = source.initializers.get(name);
      if (!isFloat32(tensor)) throw new Error(`no ${name}`);
      const { dims, data } = tensor;
      const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const channel = (i: number) => Math.floor(i / inner) % dims[axis];
      const most = Array.from({ length: dims[axis] }, () => 0);
      data.forEach((w, i) => {
        most[channel(i)] = Math.max(most[channel(i)], Math.abs(w));
      });
      const scales = Float32Array.from(most, (largest) => largest / 127);
      // No negative zeros: whole numbers have none.
      const codes = Array.from(data, (w, i) => Math.round(w / scales[channel(i)]) + 0);
      const values = Float32Array.from(codes, (code, i) => code * scales[channel(i)]);
      expect(values).not.toEqual(data);
      expect(rounded.initializers.get(name)?.data).toEqual(values);
      const dequantize = file.nodes.find(({ outputs }) => outputs[0] === name);
      const [own, scale] = dequantize?.inputs.map((input) => file.initializers.get(input)?.data) ?? [];
      expect(Array.from<unknown>(own ?? [])).toEqual(codes);
      expect(scale).toEqual(scales);
      expect(file.initializers.has(name)).toBe(false);
    }
    const feeds = {
      input: float32(
        [2, 1, 4, 4],
        Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
      ),
    };
    const outputs = [];
    for (const model of [file, rounded]) {
      const program = await engine.compile(model);
      outputs.push((await program.run(feeds)).probabilities.data as Float32Array);
      await program.release();
    }
    const [own, expected] = outputs;
    for (const [i, value] of own.entries()) expect(value).toBeCloseTo(expected[i], 1);
    expect(writeModel(file).length).toBeLessThan(0.6 * writeModel(source).length);
  });

  it("are refused where there are no weights", () => {
    const model = emptyModel("bare");
    expect(() => int8ByChannel(model)).toThrow('The network "bare" has no weights that can be quantized.');
  });
});

const withoutTraining = (data: Dataset): Dataset => ({ ...data, train: { ...data.train, size: 0 } });

describe("the experiment zoo", () => {
  const kept = new Map<string, Trained>();
  const shelf: Shelf = {
    find: (name, settings) => kept.get(`${name} ${settings}`),
    keep: (name, settings, trained) => void kept.set(`${name} ${settings}`, trained),
  };
  const shipped = (coded: string[], change: (weights: Float32Array) => void = () => {}): Shipped => {
    const model = layers();
    const last = model.initializers.get("last");
    if (isFloat32(last)) change(last.data);
    const contents = writeModel(model);
    const { targets: _, classes: __, ...unlabeled } = blobs({ train: 60, validation: 20, test: 40 });
    const data = { ...unlabeled, targets: [] };
    return {
      networks: [{ name: "stand-in", title: "a stand-in", contents, model, data, measure: "argmax", maxLoss: 5 }],
      async brotli(file) {
        coded.push(`${file.length}`);
        return Math.round(0.9 * file.length);
      },
    };
  };

  it("measures each network, beside 8 bits by channel and onnxruntime-web, and once", async () => {
    const [coded, notes, stages, parts]: [string[], string[], string[], number[]] = [[], [], [], []];
    const onProgress = (progress: Progress) => {
      if (progress.kind === "work" && progress.total) parts.push(progress.done / progress.total);
      if (progress.kind !== "note" || !progress.text.startsWith("stand-in: ")) return;
      (/bytes/.test(progress.text) ? notes : stages).push(progress.text.slice("stand-in: ".length));
    };
    const given = shipped(coded);
    const result = await reproduce(engine, "zoo", given, { quick: true, shelf, onProgress });
    const { networks } = result.measured as { networks: ZooRow[] };
    expect(networks).toHaveLength(1);
    const [row] = networks;
    const { contents } = given.networks[0];
    expect(row).toMatchObject({ title: "a stand-in", bytes: contents.length, measure: "argmax", samples: 40 });
    expect(row.brotli).toBe(Math.round(0.9 * contents.length));
    expect(row.int8.bytes).toBeLessThan(0.6 * row.bytes);
    expect(row.int8.fidelity).toBeGreaterThan(80);
    expect(row.ours.bytes).toBeLessThan(row.bytes);
    expect(row.ours.fidelity).toBeGreaterThanOrEqual(80);
    expect(row.milliseconds.web).toBeGreaterThan(0);
    expect(row.milliseconds.runtime).toBeGreaterThan(0);
    expect(row.page.ours).toBe(62_272 + row.ours.bytes);
    expect(row.page.web - row.page.int8).toBe(row.brotli - row.int8.bytes);
    const [head, ...rows] = result.table;
    expect(rows).toHaveLength(1);
    expect(rows[0]).toHaveLength(head.length);
    expect(rows[0]).toContain(row.ours.how);
    expect(row.ours.how).toBe("within 5 points");
    expect(JSON.stringify(result.table)).not.toMatch(/NaN|undefined|Infinity/);
    expect(result.figures.map(({ name }) => name)).toEqual(["zoo-sizes", "zoo-fidelity"]);
    expect(notes).toHaveLength(1);
    expect(coded).toHaveLength(2);
    expect(stages[0]).toBe("simplifying");
    expect(stages).toEqual(expect.arrayContaining(["coding by brotli", "making it small", "comparing int8", "timing"]));
    expect(Math.max(...parts)).toBe(1);

    const again = await reproduce(engine, "zoo", given, { quick: true, shelf, onProgress });
    expect(again.measured).toEqual(result.measured);
    expect([coded.length, notes.length]).toEqual([2, 1]);
    await reproduce(engine, "zoo", given, { quick: true, shelf, seed: 2 });
    expect(coded).toHaveLength(4);
    // Another network of as many bytes is another network.
    const other = shipped(coded, (weights) => weights.reverse());
    await reproduce(engine, "zoo", other, { quick: true, shelf, onProgress });
    expect(coded).toHaveLength(6);
  });

  it("times a network whose input has another rank than the samples", async () => {
    const model = emptyModel("flat");
    model.inputs.push({ name: "image", dtype: "float32", shape: ["batch", 4, 4] });
    model.outputs.push({ name: new GraphBuilder(model).emit("Relu", ["image"]) });
    const [network] = shipped([]).networks;
    const times = await timesOf({ ...network, model }, encode(model), model, true);
    expect(times.runtime).toBeGreaterThan(0);
    expect(times.web).toBeGreaterThan(0);
  });

  it("goes on where it was stopped, with the rows that it has", async () => {
    const coded: string[] = [];
    const given = shipped(coded);
    const [network] = given.networks;
    const both = { ...given, networks: [network, { ...network, name: "second" }] };
    const found = new Map<string, Trained>();
    const own: Shelf = {
      find: (name, settings) => found.get(`${name} ${settings}`),
      keep: (name, settings, trained) => void found.set(`${name} ${settings}`, trained),
    };
    const stop = new AbortController();
    const onProgress = (progress: Progress) => {
      if (progress.kind === "note" && progress.text === "second: making it small") stop.abort();
    };
    const options = { quick: true, shelf: own, onProgress };
    await expect(reproduce(engine, "zoo", both, { ...options, signal: stop.signal })).rejects.toThrow(/abort/i);
    expect([found.size, coded.length]).toEqual([1, 4]);
    const { table } = await reproduce(engine, "zoo", both, options);
    expect(table).toHaveLength(3);
    expect([found.size, coded.length]).toEqual([2, 6]);
  });

  it("says in the table where nothing could be made smaller, and why", async () => {
    const given = shipped([]);
    const networks = given.networks.map((network) => ({ ...network, measure: undefined, maxLoss: 0 }));
    const none = {
      ...given,
      networks: networks.map((network) => ({ ...network, data: withoutTraining(network.data) })),
    };
    const { table } = await reproduce(engine, "zoo", none, { quick: true });
    expect(table[1].filter((cell) => /^lossless: .*no samples/.test(String(cell)))).toHaveLength(1);
  });

  it("wants networks, and other experiments want samples", async () => {
    expect(zoo.data).toBe("networks");
    await expect(reproduce(engine, "zoo", blobs())).rejects.toThrow(/is about networks with inputs for them/);
    await expect(reproduce(engine, "table3", shipped([]))).rejects.toThrow(/learns from samples/);
  });

  describe("on the command line", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "espalier-zoo-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each([
      ["no folder", [], /^espalier: The experiment "zoo" is about networks: give --data DIR, a folder with them\.\n$/],
      [
        "a folder without networks",
        ["--data", "."],
        /^espalier: There is no network with its inputs in \.: docs\/results\/zoo\.md/,
      ],
    ])("refuses %s", async (_, options, message) => {
      const { status, stderr } = await espalier("reproduce", "zoo", "--out", join(folder, "out"), ...options);
      expect(status).toBe(2);
      expect(stderr).toMatch(message);
    });
  });
});
