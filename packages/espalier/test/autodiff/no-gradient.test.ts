import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { noGradient } from "../../src/autodiff/no-gradient.ts";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int, ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";

const engine = nodeEngine({ threads: 1 });

/** How a graph over x [2, 3] uses each operator; the value that it gives may be of any type and shape. */
const uses: Readonly<Record<string, (graph: GraphBuilder) => string>> = {
  Shape: of("Shape"),
  Size: of("Size"),
  ConstantOfShape: (graph) => graph.emit("ConstantOfShape", [graph.emit("Shape", ["x"])]),
  EyeLike: of("EyeLike"),
  Range: (graph) => graph.emit("Range", [sumOfX(graph), graph.scalar("float32", 9), graph.scalar("float32", 1)]),
  Constant: (graph) =>
    graph.emit("Constant", [], { value: { kind: "tensor", value: float32([2], Float32Array.of(1, 2)) } }),
  ...compared("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
  ...combined((graph) => graph.emit("Cast", ["x"], { to: int(9) }), "And", "Or", "Xor"),
  Not: (graph) => graph.emit("Not", [graph.emit("Cast", ["x"], { to: int(9) })]),
  IsInf: of("IsInf"),
  IsNaN: of("IsNaN"),
  BitShift: (graph) => {
    const whole = graph.emit("Cast", ["x"], { to: int(12) });
    return graph.emit("BitShift", [whole, whole], { direction: { kind: "string", value: "LEFT" } });
  },
  ...combined((graph) => graph.emit("Cast", ["x"], { to: int(7) }), "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
  BitwiseNot: (graph) => graph.emit("BitwiseNot", [graph.emit("Cast", ["x"], { to: int(7) })]),
  ArgMax: of("ArgMax"),
  ArgMin: of("ArgMin"),
  Hardmax: of("Hardmax"),
  NonMaxSuppression: (graph) => {
    const boxes = graph.emit("Expand", [sumOfX(graph), graph.ints([1, 2, 4])]);
    const scores = graph.emit("Expand", [sumOfX(graph), graph.ints([1, 1, 2])]);
    return graph.emit("NonMaxSuppression", [boxes, scores, graph.ints([1])]);
  },
  NonZero: of("NonZero"),
  OneHot: (graph) => {
    const values = graph.constant(float32([2], Float32Array.of(0, 1)));
    return graph.emit("OneHot", ["x", graph.scalar("float32", 4), values]);
  },
  Ceil: of("Ceil"),
  Floor: of("Floor"),
  Round: of("Round"),
  Sign: of("Sign"),
  Bernoulli: (graph) => graph.emit("Bernoulli", [graph.emit("Sigmoid", ["x"])]),
  Multinomial: of("Multinomial", { sample_size: int(2) }),
  RandomNormal: (graph) => graph.emit("RandomNormal", [], { shape: ints([2]) }),
  RandomNormalLike: of("RandomNormalLike"),
  RandomUniform: (graph) => graph.emit("RandomUniform", [], { shape: ints([2]) }),
  RandomUniformLike: of("RandomUniformLike"),
  BlackmanWindow: windowOf("BlackmanWindow"),
  HammingWindow: windowOf("HammingWindow"),
  HannWindow: windowOf("HannWindow"),
};

function of(op: string, attributes: Attributes = {}) {
  return (graph: GraphBuilder) => graph.emit(op, ["x"], attributes);
}

function sumOfX(graph: GraphBuilder): string {
  return graph.emit("ReduceSum", ["x"], { keepdims: int(0) });
}

function windowOf(op: string) {
  return (graph: GraphBuilder) => graph.emit(op, [graph.emit("Cast", [sumOfX(graph)], { to: int(7) })]);
}

function combined(operand: (graph: GraphBuilder) => string, ...ops: string[]) {
  const use = (op: string) => (graph: GraphBuilder) => {
    const value = operand(graph);
    return graph.emit(op, [value, value]);
  };
  return Object.fromEntries(ops.map((op) => [op, use(op)]));
}

function compared(...ops: string[]) {
  return combined(() => "x", ...ops);
}

describe("operators that end gradients", () => {
  it("are all tested, and have no rule", () => {
    expect(Object.keys(uses).sort()).toEqual([...noGradient].sort());
    expect([...noGradient].filter((op) => gradientRules.has(op))).toEqual([]);
  });

  it.each(Object.entries(uses))("%s", async (_, use) => {
    const model = emptyModel("loss");
    model.inputs.push({ name: "x", dtype: "float32", shape: [2, 3] });
    const graph = new GraphBuilder(model);
    // loss = sum(2 x) + sum(the operator's result): the gradient is 2 where nothing flows through the operator.
    const ended = graph.emit("Cast", [use(graph)], { to: int(1) });
    const twice = graph.emit("Add", ["x", "x"]);
    const sums = [twice, ended].map((value) => graph.emit("ReduceSum", [value], { keepdims: int(0) }));
    graph.emit("Add", sums, {}, "loss");
    model.outputs = [{ name: "loss" }];
    const { model: backward, gradients } = differentiate(await annotate(engine, model, {}), "loss", ["x"]);
    const gradient = gradients.get("x") ?? "";
    backward.outputs = [{ name: gradient }];
    const program = await engine.compile(backward);
    const x = float32([2, 3], Float32Array.of(0.2, 1.4, 0, 3, 1, 2));
    expect([...(await program.run({ x }))[gradient].data]).toEqual([2, 2, 2, 2, 2, 2]);
    await program.release();
  });
});
