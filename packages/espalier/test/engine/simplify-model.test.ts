import { describe, expect, it } from "vitest";
import { differenceOf } from "../../src/engine/difference.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { simplifyModel } from "../../src/engine/simplify-model.ts";
import { type Attribute, type Attributes, float, int, ints, tensor } from "../../src/onnx/attributes.ts";
import type { Graph, Model, Node } from "../../src/onnx/graph.ts";
import { allNodes } from "../../src/onnx/nested.ts";
import { withFixedInputs, withInputShapes } from "../../src/onnx/simplify/inputs.ts";
import { float32, scalar } from "../../src/onnx/tensor.ts";
import { mergeable } from "../../src/operators/roles.ts";
import { random } from "../../src/random.ts";
import { Net } from "../operators/net.ts";

const engine = nodeEngine({ threads: 1 });

async function simplified(source: Model) {
  const { model, rewrites } = await simplifyModel(engine, source, { mayMerge: mergeable });
  const compared = await differenceOf(engine, source, model, 1);
  if (!compared) throw new Error("The network does not run.");
  for (const { difference } of compared.outputs) expect(difference).toBeLessThan(1e-5);
  return { model, rewrites, ops: allNodes(model).map(({ op }) => op) };
}

function ending(net: Net, ...outputs: string[]): Model {
  net.model.outputs = outputs.map((name) => ({ name }));
  return net.model;
}

/** A normalization of some channels with statistics that are far from 0 and 1. */
function normalized(net: Net, value: string, channels: number): string {
  const { uniform } = random(7, value);
  const vector = (least: number) =>
    net.graph.initializer(
      "n",
      float32(
        [channels],
        Float32Array.from({ length: channels }, () => least + 3 * uniform()),
      ),
    );
  return net.emit("BatchNormalization", [value, vector(-1), vector(-2), vector(-1), vector(0.1)], {
    epsilon: float(1e-3),
  });
}

describe("constants", () => {
  it("are computed, but not where that makes the file larger", async () => {
    const net = new Net(1);
    const x = net.input([2, 64]);
    const [v, g] = [net.weights(64, 64), net.weights(1, 64)];
    // Weight normalization: the weights are g v / |v|.
    const length = net.emit("ReduceL2", [v, net.graph.ints([0])], { keepdims: int(1) });
    const w = net.emit("Mul", [net.emit("Div", [v, length]), g]);
    const wide = net.emit("Expand", [net.number(0.5), net.graph.ints([64, 64])]);
    const y = net.emit("MatMul", [net.emit("MatMul", [x, w]), wide]);
    const { model, ops, rewrites } = await simplified(ending(net, y));
    expect(ops.sort()).toEqual(["Expand", "MatMul", "MatMul"]);
    expect(rewrites.folded).toBe(3);
    expect(model.initializers.get(w)?.dims).toEqual([64, 64]);
    expect(model.initializers.has(v)).toBe(false);
  });

  it("leave weights that are used two ways as one", async () => {
    const net = new Net(2);
    const table = net.weights(20, 16);
    const embedded = net.emit("Gather", [table, net.input(["N", 6], "int64")]);
    const y = net.emit("MatMul", [embedded, net.emit("Transpose", [table], { perm: ints([1, 0]) })]);
    const { ops } = await simplified(ending(net, y));
    expect(ops).toEqual(["Gather", "Transpose", "MatMul"]);
  });

  it("follow from shapes that are given", async () => {
    const net = new Net(3);
    const x = net.input(["N", "H", 4]);
    const size = net.emit("Gather", [net.emit("Shape", [x]), net.graph.ints([1])]);
    const target = net.emit("Concat", [net.graph.ints([-1]), net.emit("Mul", [size, net.graph.ints([4])])], {
      axis: int(0),
    });
    const source = ending(net, net.emit("Reshape", [x, target]));
    expect((await simplified(source)).ops).toEqual(["Shape", "Gather", "Mul", "Concat", "Reshape"]);
    const { ops, model } = await simplified(withInputShapes(source, { [x]: [2, 5, 4] }));
    expect(ops).toEqual(["Reshape"]);
    expect(model.inputs[0].shape).toEqual([2, 5, 4]);
  });

  it("are none where shapes hang on what is fed", async () => {
    const net = new Net(4);
    const x = net.input([8]);
    const places = net.emit("NonZero", [net.emit("Relu", [x])]);
    const { ops } = await simplified(ending(net, net.emit("Shape", [places])));
    expect(ops).toEqual(["Relu", "NonZero", "Shape"]);
  });

  it("are held once where they are equal, but for biases that may become different", async () => {
    const net = new Net(5);
    const x = net.input([2, 4]);
    const same = Float32Array.from({ length: 16 }, (_, i) => i / 7);
    const matrix = () => net.graph.initializer("w", float32([4, 4], same));
    const zeros = () => net.graph.initializer("b", float32([4]));
    const first = net.emit("Relu", [net.emit("Gemm", [x, matrix(), zeros()])]);
    const y = net.emit("Gemm", [first, matrix(), zeros()]);
    const { model, rewrites } = await simplified(ending(net, y));
    expect(rewrites.merged).toBe(1);
    expect(model.initializers.size).toBe(3);
    expect(model.nodes[0].inputs[1]).toBe(model.nodes[2].inputs[1]);
  });
});

describe("normalization", () => {
  const group = (n: number): Attributes => ({ group: int(n) });

  it.each(["Conv", "ConvTranspose"])("becomes part of a %s, in groups too", async (op) => {
    const net = new Net(6);
    const x = net.input(["N", 4, 5, 5]);
    const first = normalized(net, net.conv(x, 4, 6, op), 6);
    const y = normalized(net, net.conv(net.emit("Relu", [first]), 6, 4, op, group(2)), 4);
    const { ops, rewrites } = await simplified(ending(net, y));
    expect(ops).toEqual([op, "Relu", op]);
    expect(rewrites.normalizations).toBe(2);
  });

  it.each([0, 1])("becomes part of a Gemm with transB %i, with and without a bias", async (transB) => {
    const net = new Net(7);
    const x = net.input(["N", 4]);
    const weights = (from: number, to: number) => (transB ? net.weights(to, from) : net.weights(from, to));
    const attributes = { transB: int(transB), alpha: float(0.5) };
    const first = normalized(net, net.emit("Gemm", [x, weights(4, 6), net.weights(6)], attributes), 6);
    const y = normalized(net, net.emit("Gemm", [first, weights(6, 3)], attributes), 3);
    expect((await simplified(ending(net, y))).ops).toEqual(["Gemm", "Gemm"]);
  });

  it.each([
    [["N", 4], 2],
    // Of three axes, the channels of a normalization are not those of the product.
    [["N", 3, 4], 0],
  ])("becomes part of a product and the sum behind it, from [%s]", async (shape, folded) => {
    const net = new Net(8);
    const x = net.input(shape);
    const middle = shape.length === 2 ? 6 : 3;
    const first = normalized(net, net.emit("MatMul", [x, net.weights(4, 6)]), middle);
    const y = normalized(net, net.dense(net.emit("Relu", [first]), 6, 3), 3);
    const { ops, rewrites } = await simplified(ending(net, y));
    expect(rewrites.normalizations).toBe(folded);
    if (folded) expect(ops).toEqual(["MatMul", "Add", "Relu", "MatMul", "Add"]);
  });

  it("stays where the layer's output or its weights are read elsewhere", async () => {
    const net = new Net(9);
    const x = net.input(["N", 4, 5, 5]);
    const [seen, w] = [net.conv(x, 4, 4), net.weights(4, 4, 1, 1)];
    const first = net.emit("Conv", [x, w]);
    const second = normalized(net, net.emit("Conv", [first, w]), 4);
    const source = ending(net, normalized(net, seen, 4), seen, second);
    expect((await simplified(source)).rewrites.normalizations).toBe(0);
  });
});

describe("branches", () => {
  const constant = (name: string, value: number): Node => ({
    ...{ name: "", op: "Constant", domain: "", inputs: [], outputs: [name] },
    attributes: { value: tensor(float32([1], Float32Array.of(value))) },
  });
  /** y = value x; both branches of an If call what they make by the same names. */
  const branch = (value: number): Attribute => {
    const graph: Graph = {
      ...{ name: "branch", inputs: [], initializers: new Map(), values: new Map() },
      nodes: [
        constant("k", value),
        { name: "", op: "Mul", domain: "", inputs: ["x", "k"], outputs: ["z"], attributes: {} },
      ],
      outputs: [{ name: "z" }],
    };
    return { kind: "graph", value: graph };
  };
  const choosing = (): Model => {
    const net = new Net(10);
    net.model.inputs.push(
      { name: "x", dtype: "float32", shape: ["N", 3] },
      { name: "rate", dtype: "int64", shape: [] },
    );
    const condition = net.emit("Equal", ["rate", net.graph.scalar("int64", 16_000)]);
    const attributes = { then_branch: branch(2), else_branch: branch(3) };
    return ending(net, net.graph.emit("If", [condition], attributes, "y"));
  };

  it("keep names of their own where they stay", async () => {
    const { ops, model } = await simplified(choosing());
    expect(ops).toEqual(["Equal", "If", "Mul", "Mul"]);
    expect([...model.initializers.keys()].sort()).toEqual(["constant", "k", "k_1"]);
  });

  it("are settled by an input that is fixed", async () => {
    const source = choosing();
    const x = float32([1, 3], Float32Array.of(1, 2, 3));
    for (const [rate, factor] of [
      [16_000, 2],
      [8000, 3],
    ]) {
      const { model, rewrites } = await simplifyModel(engine, withFixedInputs(source, { rate }));
      expect(rewrites.branches).toBe(1);
      expect(model.nodes.map(({ op }) => op)).toEqual(["Mul"]);
      expect(model.inputs.map(({ name }) => name)).toEqual(["x"]);
      const program = await engine.compile(model);
      expect([...(await program.run({ x })).y.data]).toEqual([factor, 2 * factor, 3 * factor]);
      await program.release();
    }
  });
});

describe("nodes that give back what they read", () => {
  it("go, and outputs keep their names", async () => {
    const net = new Net(11);
    const x = net.input(["N", 3]);
    const same = net.emit("Identity", [net.emit("Identity", [net.emit("Relu", [net.emit("Dropout", [x])])])]);
    const given = net.emit("Identity", [x]);
    const { ops, model } = await simplified(ending(net, same, given));
    expect(ops).toEqual(["Relu", "Identity"]);
    expect(model.outputs.map(({ name }) => name)).toEqual([same, given]);
  });
});

describe("inputs", () => {
  const source = ending(new Net(12), "y");
  source.inputs.push(
    { name: "n", dtype: "uint8", shape: [] },
    { name: "x", dtype: "float32", shape: ["N", 3, "N"] },
    { name: "flag", dtype: "bool", shape: [1] },
  );

  it("are fixed to numbers of their type", () => {
    expect(withFixedInputs(source, { n: 200 }).initializers.get("n")).toEqual({
      dtype: "uint8",
      dims: [],
      data: Uint8Array.of(200),
    });
    expect(withFixedInputs(source, { x: [1, 2, 3] }).initializers.get("x")?.dims).toEqual([1, 3, 1]);
    expect(withFixedInputs(source, { flag: 1 }).initializers.get("flag")).toEqual({ ...scalar("bool", 1), dims: [1] });
  });

  it.each([
    [{ n: 256 }, /"n" is uint8, and 256 is none/],
    [{ n: 0.5 }, /"n" is uint8, and 0.5 is none/],
    [{ flag: 2 }, /"flag" is bool, and 2 is none/],
    [{ x: [1, 2] }, /2 numbers do not fill it/],
    [{ m: 1 }, /no input "m": its inputs are "n", "x", "flag"/],
  ])("%j is refused", (fixed, why) => {
    expect(() => withFixedInputs(source, fixed)).toThrow(why);
  });

  it("have shapes that agree with what is declared", () => {
    expect(withInputShapes(source, { x: [2, 3, 2] }).inputs[1].shape).toEqual([2, 3, 2]);
    expect(() => withInputShapes(source, { x: [2, 4, 2] })).toThrow(/declared as \[N,3,N\]/);
    expect(() => withInputShapes(source, { x: [2, 3, 4] })).toThrow(/"N" is given as 2 and as 4/);
  });
});
