import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trainableForm } from "../../src/adoption/trainable-form.ts";
import type { Tensors } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { float, tensor } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model, type ModelFunction, type Node } from "../../src/onnx/graph.ts";
import { inlineFunctions } from "../../src/onnx/inline.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32, isFloat32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { random } from "../../src/random.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";
import { readCase } from "../fixtures/pytorch/read.ts";

const engine = nodeEngine({ threads: 1 });
const folder = new URL("../fixtures/onnx/", import.meta.url).pathname;
const fixture = (name: string) =>
  readModel(readFileSync(`${folder}${name}.onnx`), name, (location, offset, length) =>
    new Uint8Array(readFileSync(folder + location)).subarray(offset, offset + length),
  );

async function run(model: Model, feeds: Tensors): Promise<number[]> {
  const program = await engine.compile(model);
  const results = await program.run(feeds);
  await program.release();
  return Array.from<number | bigint, number>(results[model.outputs[0].name].data, Number);
}

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  for (const [i, x] of expected.entries()) expect(Math.abs(found[i] - x)).toBeLessThan(tolerance);
}

const parametersIn = (model: Model) => parametersOf(model, trainableParameters(model));

describe("the forms of one network", () => {
  const source = readCase("mobile");
  const first = { input: float32([1, 2, 8, 8], source.input.data.slice(0, 128)) };

  it.each([
    ["external", 1e-6],
    ["unsorted", 1e-6],
    ["constants", 1e-6],
    ["half", 2e-2],
  ])("%s computes the same in its trainable form", async (name, tolerance) => {
    const { model } = trainableForm(fixture(name));
    expectClose(await run(model, first), await run(source.model, first), tolerance);
    expect(layersOf(model).map((layer) => layer.name)).toEqual(layersOf(source.model).map((layer) => layer.name));
    expect([...parametersIn(model).keys()].sort()).toEqual([...parametersIn(source.model).keys()].sort());
  });

  it.each(["external", "unsorted", "constants", "half"])("%s is written as it came", async (name) => {
    const model = fixture(name);
    const form = trainableForm(model);
    expect(writeModel(form.restore(parametersIn(form.model)))).toEqual(writeModel(model));
  });

  it.each(["constants", "half"])("%s holds trained weights where it held them before", async (name) => {
    const model = fixture(name);
    const form = trainableForm(model);
    const changed = new Map(
      Array.from(parametersIn(form.model), ([key, { dims, data }]) => {
        const { normal } = random(1, key);
        return [
          key,
          float32(
            dims,
            data.map((x, i) => (i % 3 === 0 ? 0 : x + 0.1 * normal())),
          ),
        ];
      }),
    );
    const written = readModel(writeModel(form.restore(changed)));
    expect(written.nodes.map(({ op }) => op)).toEqual(model.nodes.map(({ op }) => op));
    for (const [key, before] of model.initializers) expect(written.initializers.get(key)?.dtype).toBe(before.dtype);
    const again = trainableForm(written);
    expect(parametersIn(again.model)).toEqual(form.rounded(changed));
    // What was cut is zero in the file, whatever its type.
    for (const [key, { data }] of parametersIn(again.model)) {
      expect(
        data.every((x, i) => i % 3 !== 0 || Object.is(x, 0)),
        key,
      ).toBe(true);
    }
  });

  it("says what it found", () => {
    expect(trainableForm(source.model).differences).toEqual([]);
    expect(trainableForm(fixture("constants")).differences.join()).toMatch(/weights are held by Constant nodes/);
    expect(trainableForm(fixture("half")).differences.join()).toMatch(/tensors are float16/);
  });

  it("leaves scales, bounds and masks in Constant nodes alone", () => {
    const model = emptyModel("constants");
    const constant = (name: string, dims: number[], values: number[]): Node => ({
      ...{ name, op: "Constant", domain: "", inputs: [], outputs: [name] },
      attributes: { value: tensor(float32(dims, Float32Array.from(values))) },
    });
    model.nodes.push(
      constant("scales", [4], [1, 1, 2, 2]),
      constant("mask", [2, 2], [0, -Infinity, 0, 0]),
      constant("eight", [1], [8]),
      constant("shift", [2], [0.5, 0.25]),
      constant("w", [2, 2], [1, 2, 3, 4]),
    );
    const graph = new GraphBuilder(model);
    const small = graph.emit("Div", [graph.emit("Add", [graph.emit("MatMul", ["x", "w"]), "mask"]), "eight"]);
    graph.emit("Resize", [graph.emit("Add", [small, "shift"]), "", "scales"], {}, "y");
    expect(trainableParameters(trainableForm(model).model)).toEqual(["shift", "w"]);
  });
});

describe("doubles", () => {
  it("are trained in float32, and keep their bits where nothing changed", () => {
    const { model } = readCase("double");
    const form = trainableForm(model);
    const parameters = parametersIn(form.model);
    expect(parameters.size).toBe(4);
    expect(writeModel(form.restore(parameters))).toEqual(writeModel(model));
    const changed = new Map(parameters);
    const bias = parameters.get("fc.bias");
    if (!bias) throw new Error("The network has no fc.bias.");
    changed.set("fc.bias", float32(bias.dims, Float32Array.of(0, 1, 2)));
    const restored = form.restore(changed).initializers.get("fc.bias");
    expect(restored).toEqual({ dtype: "float64", dims: [3], data: Float64Array.of(0, 1, 2) });
  });
});

describe("functions", () => {
  const x = { x: float32([2, 6], Float32Array.from({ length: 12 }, random(1, "x").normal)) };

  it("take the attributes of their calls, also through each other", async () => {
    const model = fixture("functions");
    expect(model.functions?.map(({ name }) => name)).toEqual(["Dense", "Activate"]);
    const inlined = inlineFunctions(model);
    expect(inlined.functions).toEqual([]);
    expect(inlined.nodes.map(({ op }) => op)).toEqual(["MatMul", "Add", "LeakyRelu", "MatMul", "Add", "LeakyRelu"]);
    expect(inlined.nodes.map(({ attributes }) => attributes.alpha)).toEqual([
      ...[undefined, undefined, float(0.25)],
      ...[undefined, undefined, float(0.5)],
    ]);
    expectClose(await run(inlined, x), await run(model, x), 1e-6);
    expectClose(await run(readModel(writeModel(inlined)), x), await run(model, x), 1e-6);
  });

  it("are given back as they came when they are written", async () => {
    const model = fixture("functions");
    expect(await run(readModel(writeModel(model)), x)).toEqual(await run(model, x));
  });

  const body = (name: string, calls: string, times = 1): ModelFunction => ({
    ...emptyModel(name),
    domain: "local",
    overload: "",
    parameters: [],
    defaults: {},
    opsets: new Map([["", 18]]),
    inputs: [{ name: "a" }],
    outputs: [{ name: `b${times}` }],
    nodes: Array.from({ length: times }, (_, i) => ({
      ...{ name: `n${i}`, op: calls, domain: "local", attributes: {} },
      ...{ inputs: [i === 0 ? "a" : `b${i}`], outputs: [`b${i + 1}`] },
    })),
  });
  const calling = (op: string, functions: ModelFunction[]): Model => {
    const model = emptyModel("calls");
    model.inputs.push({ name: "x" });
    model.outputs.push({ name: "y" });
    model.nodes.push({ name: "call", op, domain: "local", inputs: ["x"], outputs: ["y"], attributes: {} });
    return { ...model, functions };
  };

  it("may not call themselves, nor grow without bounds", () => {
    expect(() => inlineFunctions(calling("A", [body("A", "B"), body("B", "A")]))).toThrow(/calls itself/);
    const doubling = Array.from({ length: 40 }, (_, i) => body(`F${i}`, `F${i + 1}`, 2));
    expect(() => inlineFunctions(calling("F0", doubling))).toThrow(/stand for over 100000 nodes/);
  });

  it("of another operator set are brought to one with the model", async () => {
    const model = emptyModel("old");
    model.inputs.push({ name: "x", dtype: "float32", shape: [2, 3] });
    model.outputs.push({ name: "y" });
    model.initializers.set(
      "w",
      float32(
        [3, 3],
        Float32Array.from({ length: 9 }, (_, i) => i),
      ),
    );
    model.nodes.push({ name: "call", op: "Old", domain: "local", inputs: ["x", "w"], outputs: ["y"], attributes: {} });
    const old: ModelFunction = {
      ...body("Old", "MatMul"),
      inputs: [{ name: "a" }, { name: "b" }],
      outputs: [{ name: "d" }],
      opsets: new Map([["", 10]]),
      nodes: [
        { name: "m", op: "MatMul", domain: "", inputs: ["a", "b"], outputs: ["c"], attributes: {} },
        { name: "c", op: "Clip", domain: "", inputs: ["c"], outputs: ["d"], attributes: { max: float(5) } },
      ],
    };
    const inlined = inlineFunctions({ ...model, functions: [old] });
    const given = float32([2, 3], Float32Array.of(1, 0, 0, 0, 1, 0));
    expect(await run(inlined, { x: given })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(isFloat32(inlined.initializers.get("w"))).toBe(true);
  });
});
