import { afterEach, describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import type { CompileOptions, Engine, Program } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { webEngine } from "../../src/engine/web.ts";
import { UserError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { copyModel, emptyModel, type Model } from "../../src/onnx/graph.ts";
import { repeat } from "../../src/onnx/repeat.ts";
import { float32, scalar } from "../../src/onnx/tensor.ts";
import type { FeedableModel } from "../../src/onnx/typed.ts";

const row = (...values: number[]) => float32([1, values.length], Float32Array.from(values));

/** next = state * mask + x, and twice = 2 next. */
function counter(): FeedableModel {
  const model: FeedableModel = { ...emptyModel("counter"), inputs: [] };
  for (const name of ["x", "state", "mask"]) model.inputs.push({ name, dtype: "float32", shape: [1, 3] });
  const graph = new GraphBuilder(model);
  const next = graph.emit("Add", [graph.emit("Mul", ["state", "mask"]), "x"], {}, "next");
  graph.emit("Mul", [next, graph.scalar("float32", 2)], {}, "twice");
  model.outputs = ["next", "twice"].map((name) => ({ name }));
  return model;
}

const carried: CompileOptions = { carry: { next: "state" }, resident: ["mask"] };

describe.each<[name: string, open: () => Engine | Promise<Engine>]>([
  ["onnxruntime-node", () => nodeEngine({ threads: 2 })],
  ["onnxruntime-web", () => webEngine({ threads: 1 })],
])("%s", (name, open) => {
  let program: Program | undefined;
  const compile = async (model: Model, options?: CompileOptions) => {
    program = await (await open()).compile(model, options);
    return program;
  };
  afterEach(async () => {
    await program?.release();
    program = undefined;
  });

  it("says who it is", async () => {
    expect(await open()).toMatchObject({ name, device: "cpu" });
  });

  it("carries outputs to the next run's inputs", async () => {
    const running = await compile(counter(), carried);
    running.load("mask", row(1, 1, 0));
    running.load("state", row(10, 20, 30));
    const seen: number[][] = [];
    for (let i = 1; i <= 5; i++) seen.push([...(await running.run({ x: row(i, 0, i) })).twice.data].map(Number));
    expect(seen).toEqual([
      [22, 40, 2],
      [26, 40, 4],
      [32, 40, 6],
      [40, 40, 8],
      [50, 40, 10],
    ]);
    expect([...(await running.read("state")).data]).toEqual([25, 20, 5]);
    expect([...(await running.read("mask")).data]).toEqual([1, 1, 0]);
  });

  it("runs several steps in one run of a repeated graph", async () => {
    const running = await compile(repeat(counter(), { carry: { next: "state" }, shared: new Set(["mask"]) }), carried);
    running.load("mask", row(1, 1, 0));
    running.load("state", row(10, 20, 30));
    const x = (...firsts: number[]) =>
      float32([firsts.length, 1, 3], Float32Array.from(firsts.flatMap((i) => [i, 0, i])));
    const first = (await running.run({ x: x(1, 2, 3) })).twice;
    expect(first.dims).toEqual([3, 1, 3]);
    expect([...first.data]).toEqual([22, 40, 2, 26, 40, 4, 32, 40, 6]);
    expect([...(await running.run({ x: x(4, 5) })).twice.data]).toEqual([40, 40, 8, 50, 40, 10]);
    expect([...(await running.read("state")).data]).toEqual([25, 20, 5]);
  });

  it("takes no part in what the caller does to loaded or read tensors", async () => {
    const running = await compile(counter(), carried);
    const mask = row(1, 1, 1);
    running.load("mask", mask);
    mask.data.fill(0);
    const read = await running.read("mask");
    expect([...read.data]).toEqual([1, 1, 1]);
    read.data.fill(7 as never);
    expect([...(await running.read("mask")).data]).toEqual([1, 1, 1]);
  });

  it("leaves the outputs of earlier runs alone", async () => {
    const running = await compile(counter(), carried);
    const first = (await running.run({ x: row(1, 2, 3) })).twice;
    await running.run({ x: row(0, 0, 0) });
    expect([...first.data]).toEqual([2, 4, 6]);
  });

  it("refuses what is not resident, or of another shape", async () => {
    const running = await compile(counter(), carried);
    expect(() => running.load("x", row(1, 2, 3))).toThrow(/"x" is not a resident input/);
    expect(() => running.load("mask", row(1))).toThrow(/float32\[1,3\], not float32\[1,1\]/);
    expect(() => running.load("mask", scalar("int32", 1))).toThrow(UserError);
  });

  it("says why the runtime refuses a graph", async () => {
    const model = counter();
    model.nodes.push({ name: "odd", op: "NoSuchOperator", domain: "", inputs: ["x"], outputs: ["z"], attributes: {} });
    model.outputs.push({ name: "z" });
    await expect(compile(model)).rejects.toThrow(/^ONNX Runtime refuses the graph "counter" \(.*NoSuchOperator.*\.$/);
  });

  it("finds the shapes of all values", async () => {
    const model = copyModel(counter());
    model.inputs[0] = { name: "x", dtype: "float32", shape: ["batch", 3] };
    const typed = await annotate(await open(), model, { batch: 4 });
    expect(typed.inputs[0].shape).toEqual([4, 3]);
    expect(typed.outputs.map(({ shape, dtype }) => [dtype, shape])).toEqual([
      ["float32", [4, 3]],
      ["float32", [4, 3]],
    ]);
    expect([...typed.values.values()].map(({ shape }) => shape)).toEqual([[1, 3]]);
    expect(model.outputs[0].shape).toBeUndefined();
  });
});

describe("devices and shapes that are not there", () => {
  it("names the devices that are", async () => {
    expect(() => nodeEngine({ device: "coreml" })).toThrow(/no device "coreml": choose one of cpu/);
    // Listed on Linux, and its library is not installed.
    const listed = process.platform === "linux" && process.arch === "x64";
    if (listed) {
      await expect(nodeEngine({ device: "cuda" }).compile(counter(), carried)).rejects.toThrow(
        /"cuda" cannot be used here, .*: choose cpu/,
      );
    }
    await expect(webEngine({ device: "cuda" })).rejects.toThrow(/no device "cuda"/);
    await expect(webEngine({ device: "webgpu" })).rejects.toThrow(UserError);
  });

  it("takes no memory for an input of an impossible size", async () => {
    const model = copyModel(counter());
    model.inputs[0] = { name: "x", dtype: "float32", shape: [2 ** 20, 2 ** 20] };
    await expect(annotate(nodeEngine(), model, {})).rejects.toThrow(/"x" is declared as \[1048576,1048576\]/);
  });

  it("asks for a size that is open", async () => {
    const model = copyModel(counter());
    model.inputs[0] = { name: "x", dtype: "float32", shape: ["batch", "length"] };
    await expect(annotate(nodeEngine(), model, { batch: 1 })).rejects.toThrow(/"length" of the input "x" is open/);
  });
});

it("gives timers a turn where the runtime computes on the caller's own thread", async () => {
  const engine = await webEngine({ threads: 1 });
  const program = await engine.compile(counter(), carried);
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 1);
  const start = performance.now();
  while (!fired && performance.now() - start < 5_000) await program.run({ x: row(1, 2, 3) });
  await program.release();
  expect(fired).toBe(true);
});
