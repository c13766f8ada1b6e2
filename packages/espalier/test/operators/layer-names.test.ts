import { describe, expect, it } from "vitest";
import { emptyModel, type Node } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { layerName } from "../../src/operators/layer-names.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { readCase } from "../fixtures/pytorch/read.ts";

const node = (op: string, name = ""): Node => ({ name, op, domain: "", inputs: [], outputs: ["y"], attributes: {} });

describe("the name of a layer", () => {
  it.each<[string, Node, string, string | undefined, string]>([
    ["its module's", node("Conv"), "features.0.weight", "features.0.bias", "features.0"],
    ["Keras's module", node("Conv"), "model/conv2d_9/Conv2D/ReadVariableOp:0", undefined, "model.conv2d_9"],
    ["a folded one", node("Conv"), "model/conv2d_9/Conv2D_weights_fused_bn", undefined, "model.conv2d_9"],
    ["Paddle's", node("Conv"), "conv2d_0.w_0", undefined, "conv2d_0"],
    ["a number, as in a list of modules", node("Gemm"), "1.weight", "1.bias", "1"],
    ["that of its biases", node("MatMul", "/mlp/mlp.0/MatMul"), "onnx::MatMul_136", "mlp.0.bias", "mlp.0"],
    [
      "its node's scope",
      node("Conv", "/layer1/layer1.0/conv1/Conv"),
      "onnx::Conv_193",
      "onnx::Conv_194",
      "layer1.0.conv1",
    ],
    ["its node's", node("Conv", "Conv_0"), "193", "194", "Conv_0"],
    ["its weights' own", node("MatMul"), "onnx::MatMul_12", undefined, "onnx::MatMul_12"],
  ])("is %s", (_, given, weight, bias, name) => {
    expect(layerName(given, weight, bias)).toBe(name);
  });
});

describe("layers", () => {
  it("whose weights are shared are one, used twice", () => {
    const [shared, fc] = layersOf(readCase("tied").model);
    expect([shared.name, shared.uses.length, shared.parameters]).toEqual([
      "shared",
      2,
      ["shared.weight", "shared.bias"],
    ]);
    expect([fc.name, fc.uses.length]).toEqual(["fc", 1]);
  });

  it("are found behind Transpose, with the biases that are added", () => {
    const { model } = readCase("transformer");
    const layer = layersOf(model).find(({ name }) => name === "mlp.0");
    expect(layer?.node.op).toBe("MatMul");
    expect(model.initializers.has(layer?.node.inputs[1] ?? "")).toBe(false);
    expect(layer?.parameters).toEqual(["mlp.0.weight", "mlp.0.bias"]);
  });

  it("of one module have names of their own", () => {
    const model = emptyModel("twins");
    for (const i of [0, 1]) {
      model.initializers.set(`onnx::MatMul_${17 + i}`, float32([2, 2]));
      model.nodes.push({
        ...node("MatMul", `/attention/MatMul_${i}`),
        inputs: ["x", `onnx::MatMul_${17 + i}`],
        outputs: [`y${i}`],
      });
    }
    expect(layersOf(model).map(({ name }) => name)).toEqual(["attention", "/attention/MatMul_1"]);
  });
});
