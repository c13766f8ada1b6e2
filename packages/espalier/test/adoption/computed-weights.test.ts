import { describe, expect, it } from "vitest";
import { withComputedWeights } from "../../src/adoption/computed-weights.ts";
import { trainableForm } from "../../src/adoption/trainable-form.ts";
import { untreated } from "../../src/adoption/untreated.ts";
import { differenceOf } from "../../src/engine/difference.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attribute, int, ints, string, tensor } from "../../src/onnx/attributes.ts";
import type { Graph, Model, Node } from "../../src/onnx/graph.ts";
import { allNodes } from "../../src/onnx/nested.ts";
import { withFixedInputs } from "../../src/onnx/simplify/inputs.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { layersOf, selectLayers } from "../../src/operators/layers.ts";
import { Net } from "../operators/net.ts";

const engine = nodeEngine({ threads: 1 });

function ending(net: Net, output: string): Model {
  net.model.outputs = [{ name: output }];
  return net.model;
}

async function differs(a: Model, b: Model): Promise<number> {
  const found = await differenceOf(engine, a, b, 1);
  return Math.max(...(found?.outputs ?? []).map(({ difference }) => difference));
}

describe("weights that are computed", () => {
  it("by weight normalization become those of a layer", async () => {
    const net = new Net(1);
    const [v, g] = [net.weights(6, 4), net.weights(6, 1)];
    const length = net.emit("ReduceL2", [v, net.graph.ints([1])], { keepdims: int(1) });
    const w = net.emit("Mul", [net.emit("Div", [v, length]), g]);
    const source = ending(net, net.emit("Gemm", [net.input(["N", 4]), w], { transB: int(1) }));
    expect(layersOf(source)).toEqual([]);
    const { model, notes } = await withComputedWeights(engine, source);
    expect(layersOf(model).map((layer) => [layer.name, layer.tensor.dims])).toEqual([[w, [6, 4]]]);
    expect(notes.join()).toMatch(/1 weights are computed from constants/);
    expect(await differs(source, model)).toBeLessThan(1e-6);
  });

  it("leave all else as it came", async () => {
    const net = new Net(2);
    const table = net.emit("Identity", [net.weights(5, 4)]);
    const source = ending(net, net.emit("MatMul", [net.input(["N", 5]), table]));
    expect((await withComputedWeights(engine, source)).model).toBe(source);
  });
});

describe("layers whose names have slashes", () => {
  it("are found by a star", () => {
    const net = new Net(7);
    const w = net.graph.initializer("scope/rnn/W", float32([1, 16, 3]));
    const r = net.graph.initializer("scope/rnn/R", float32([1, 16, 4]));
    const source = ending(net, net.emit("LSTM", [net.input([5, "N", 3]), w, r], { hidden_size: int(4) }));
    const layers = layersOf(source);
    expect(selectLayers(layers, "*")).toEqual(layers);
    expect(selectLayers(layers, "scope*W")).toHaveLength(1);
  });
});

describe("weights of an Einsum, and on the left", () => {
  it("are layers", () => {
    const net = new Net(3);
    const x = net.input(["N", 4, 3]);
    const first = net.emit("Einsum", [x, net.weights(3, 5)], { equation: string("nab,bc->nac") });
    const source = ending(net, net.emit("MatMul", [net.weights(2, 4), first]));
    expect(layersOf(source).map(({ node, tensor: { dims } }) => [node.op, dims])).toEqual([
      ["Einsum", [3, 5]],
      ["MatMul", [2, 4]],
    ]);
  });
});

describe("weights that are held twice", () => {
  it("are one layer, and are written in both places", () => {
    const net = new Net(4);
    const data = Float32Array.from({ length: 16 }, (_, i) => i - 7);
    const names = ["w", "w"].map((name) => net.graph.initializer(name, float32([4, 4], data.slice())));
    const source = ending(net, net.emit("MatMul", [net.emit("MatMul", [net.input(["N", 4]), names[0]]), names[1]]));
    const form = trainableForm(source);
    const [layer, ...others] = layersOf(form.model);
    expect([others.length, layer.uses.length]).toEqual([0, 2]);
    const changed = float32([4, 4], new Float32Array(16).fill(3));
    const restored = form.restore(new Map([[layer.weight, changed]]));
    for (const name of names) expect(restored.initializers.get(name)).toEqual(changed);
  });
});

describe("weights in branches", () => {
  /** y = x w, w as a Constant node or as an initializer of the branch; both branches call it "w". */
  const branch = (value: number, asNode: boolean): Attribute => {
    const w = float32(
      [3, 2],
      Float32Array.from({ length: 6 }, (_, i) => value + i),
    );
    const constant: Node = {
      ...{ name: "", op: "Constant", domain: "", inputs: [], outputs: ["w"] },
      attributes: { value: tensor(w) },
    };
    const product: Node = { name: "m", op: "MatMul", domain: "", inputs: ["x", "w"], outputs: ["z"], attributes: {} };
    const graph: Graph = {
      ...{ name: "branch", inputs: [], values: new Map(), outputs: [{ name: "z" }] },
      nodes: asNode ? [constant, product] : [product],
      initializers: new Map(asNode ? [] : [["w", w]]),
    };
    return { kind: "graph", value: graph };
  };
  const choosing = (): Model => {
    const net = new Net(5);
    net.model.inputs.push(
      { name: "x", dtype: "float32", shape: ["N", 3] },
      { name: "rate", dtype: "int64", shape: [] },
    );
    const condition = net.emit("Equal", ["rate", net.graph.scalar("int64", 16)]);
    net.graph.reserve("w");
    const chosen = net.graph.emit("If", [condition], { then_branch: branch(1, true), else_branch: branch(2, false) });
    return ending(net, net.emit("MatMul", [chosen, net.weights(2, 4)]));
  };

  it("are layers where they are asked for, and are written where they were", async () => {
    const form = trainableForm(choosing());
    expect(layersOf(form.model)).toHaveLength(1);
    const layers = layersOf(form.model, { nested: true });
    expect(layers.map(({ weight, within }) => [weight, within?.op])).toEqual([
      ["w", "If"],
      ["w_2", "If"],
      ["w_1", undefined],
    ]);
    expect(await differs(choosing(), form.model)).toBe(0);
    const zero = (dims: readonly number[]) => float32(dims);
    const restored = form.restore(new Map(layers.map(({ weight, tensor: { dims } }) => [weight, zero(dims)])));
    expect(allNodes(restored).map(({ op }) => op)).toEqual(["Equal", "If", "Constant", "MatMul", "MatMul", "MatMul"]);
    expect(JSON.stringify([...restored.initializers.keys()])).toBe('["constant","w_1"]');
    expect(allNodes(restored).find(({ op }) => op === "Constant")?.attributes.value).toEqual(tensor(zero([3, 2])));
    const [node] = restored.nodes.filter(({ op }) => op === "If");
    const { else_branch: other } = node.attributes;
    expect(other?.kind === "graph" && [...other.value.initializers.values()]).toEqual([zero([3, 2])]);
  });

  it("are told of with their share, where they are not looked into", () => {
    const [text] = untreated(trainableForm(choosing()).model, false);
    expect(text).toMatch(/^60\.0% of the weights lie in graphs inside \(If\)/);
    expect(untreated(trainableForm(choosing()).model, true)).toEqual([]);
  });

  it("are those of one network once the condition is known", async () => {
    const source = withFixedInputs(choosing(), { rate: 16 });
    const { model } = await withComputedWeights(engine, source);
    expect(layersOf(trainableForm(model).model).map(({ tensor }) => tensor.data[0])[0]).toBe(1);
    expect(allNodes(model).some(({ op }) => op === "If")).toBe(false);
  });
});

describe("weights that no layer reads", () => {
  it("are told of with their share", () => {
    const net = new Net(6);
    const x = net.input(["N", 4]);
    const known = net.emit("MatMul", [x, net.weights(4, 6)]);
    const other = net.weights(6, 3);
    const source = ending(net, net.emit("FusedMatMul", [known, other], { transA: ints([]) }));
    expect(untreated(source, true)).toEqual([
      `42.9% of the weights are in no layer and stay as they are: ${other} (FusedMatMul).`,
    ]);
  });
});
