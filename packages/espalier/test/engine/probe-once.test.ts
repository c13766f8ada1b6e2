import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model, typeOf } from "../../src/onnx/graph.ts";
import { float32, int64s, type Tensor } from "../../src/onnx/tensor.ts";

/** An engine that counts the graphs that it compiles. */
function counting(): { engine: Engine; count: () => number } {
  const plain = nodeEngine({ threads: 1 });
  let compiled = 0;
  return {
    count: () => compiled,
    engine: {
      ...plain,
      compile(model, options) {
        compiled++;
        return plain.compile(model, options);
      },
    },
  };
}

function modelOf(build: (graph: GraphBuilder) => string): Model {
  const model = emptyModel("test");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 2] });
  const graph = new GraphBuilder(model);
  model.outputs.push({ name: graph.emit("Identity", [build(graph)], {}, "y") });
  return model;
}

/** y = x w. */
const product = () => modelOf((graph) => graph.emit("MatMul", ["x", graph.initializer("w", float32([2, 3]))]));
const weights = (...values: number[]) => float32([2, values.length / 2], Float32Array.from(values));
const withTensor = (model: Model, name: string, tensor: Tensor): Model => ({
  ...model,
  initializers: new Map(model.initializers).set(name, tensor),
});

describe("a graph's types", () => {
  it("are found once for each batch size, whatever the weights", async () => {
    const { engine, count } = counting();
    const model = product();
    await annotate(engine, model, { batch: 4 });
    const again = await annotate(engine, withTensor(model, "w", weights(1, 2, 3, 4, 5, 6)), { batch: 4 });
    expect(count()).toBe(1);
    expect(again.initializers.get("w")?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(typeOf(await annotate(engine, model, { batch: 5 }), "y").dims).toEqual([5, 3]);
    expect(count()).toBe(2);
  });

  it("are found again for weights of another shape, other nodes, outputs and operator sets, and another engine", async () => {
    const { engine, count } = counting();
    const model = product();
    await annotate(engine, model, { batch: 4 });
    const wider = await annotate(engine, withTensor(model, "w", weights(1, 2, 3, 4, 5, 6, 7, 8)), { batch: 4 });
    expect(typeOf(wider, "y").dims).toEqual([4, 4]);
    new GraphBuilder(model).emit("Concat", ["y", "y"], { axis: int(0) }, "z");
    expect(typeOf(await annotate(engine, model, { batch: 4 }), "z").dims).toEqual([8, 3]);
    await annotate(engine, { ...model, outputs: [{ name: "z" }] }, { batch: 4 });
    expect(count()).toBe(4);
    await annotate(engine, { ...model, opsets: new Map([["", 17]]) }, { batch: 4 });
    expect(count()).toBe(5);
    const other = counting();
    await annotate(other.engine, model, { batch: 4 });
    expect(other.count()).toBe(1);
  });

  it.each<[string, (graph: GraphBuilder) => string, Tensor, number[]]>([
    [
      "a shape",
      (graph) => graph.emit("Expand", ["x", graph.initializer("n", int64s([1, 4, 2]))]),
      int64s([3, 4, 2]),
      [3, 4, 2],
    ],
    [
      "the scales of a Resize",
      (graph) => graph.emit("Resize", ["x", "", graph.initializer("n", float32([2], Float32Array.of(1, 2)))]),
      float32([2], Float32Array.of(1, 3)),
      [4, 6],
    ],
    [
      "whole numbers made of a weight",
      (graph) => {
        const size = graph.initializer("n", float32([2], Float32Array.of(1, 2)));
        return graph.emit("Tile", ["x", graph.emit("Cast", [graph.emit("Abs", [size])], { to: int(7) })]);
      },
      float32([2], Float32Array.of(1, 3)),
      [4, 6],
    ],
    [
      "which weights are not zero",
      (graph) => graph.emit("NonZero", [graph.initializer("n", float32([2], Float32Array.of(4, 2)))]),
      float32([2], Float32Array.of(0, 2)),
      [1, 1],
    ],
  ])("depend on %s", async (_, build, changed, dims) => {
    const engine = nodeEngine({ threads: 1 });
    const model = modelOf(build);
    expect(typeOf(await annotate(engine, model, { batch: 4 }), "y").dims).not.toEqual(dims);
    expect(typeOf(await annotate(engine, withTensor(model, "n", changed), { batch: 4 }), "y").dims).toEqual(dims);
  });
});
