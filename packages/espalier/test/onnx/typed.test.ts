import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, typeOf } from "../../src/onnx/graph.ts";
import { withoutDeadNodes } from "../../src/onnx/live.ts";
import { splitBefore } from "../../src/onnx/split.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { type TypedModel, typedModel } from "../../src/onnx/typed.ts";
import { withParameters } from "../../src/training/parameters.ts";

/** y = x w + 1, with an open batch. */
function network() {
  const model = emptyModel("linear");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 3] });
  const graph = new GraphBuilder(model);
  const product = graph.emit("MatMul", ["x", graph.initializer("w", float32([3, 2]))], {}, "product");
  graph.emit("Add", [product, graph.scalar("float32", 1)], {}, "y");
  model.outputs.push({ name: "y" });
  return model;
}

const typed = () => annotate(nodeEngine(), network(), { batch: 4 });

describe("a typed model", () => {
  it("knows all of its values", async () => {
    const model = await typed();
    expect(model.inputs[0].shape).toEqual([4, 3]);
    for (const name of ["product", "y"]) expect(typeOf(model, name).dims).toEqual([4, 2]);
  });

  it("is not made of a model that leaves a dimension, a type or a value open", async () => {
    const model = await typed();
    expect(() => typedModel({ ...model, inputs: network().inputs })).toThrow(/not typed in full: x\./);
    expect(() => typedModel({ ...model, outputs: [{ name: "y", shape: [4, 2] }] })).toThrow(/: y\./);
    expect(() => typedModel({ ...model, values: new Map() })).toThrow(/: product\./);
  });

  it("types the inputs that initializers fill by these", async () => {
    const model = await typed();
    const inputs = [...model.inputs, { name: "w" }];
    expect(typedModel({ ...model, inputs }).inputs[1]).toEqual({ name: "w", dtype: "float32", shape: [3, 2] });
  });

  it("stays typed with other parameters, without nodes, and in parts, but no changed copy of it does", async () => {
    const model = await typed();
    const kept: TypedModel[] = [withParameters(model, new Map([["w", float32([3, 2])]])), withoutDeadNodes(model)];
    const { prefix, suffix } = splitBefore(model, ["w"]);
    expect([...kept, prefix, suffix].map(typedModel)).toHaveLength(4);
    const double = {
      name: "z",
      op: "Concat",
      domain: "",
      inputs: ["y", "y"],
      outputs: ["z"],
      attributes: { axis: int(0) },
    };
    // @ts-expect-error: what was added has no type.
    const longer: TypedModel = { ...model, nodes: [...model.nodes, double] };
    expect(() => typedModel(longer)).toThrow(/: z\./);
  });
});
