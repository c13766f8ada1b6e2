import { describe, expect, it } from "vitest";
import { headsOf } from "../../src/adoption/heads.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int, ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { codeOf } from "../../src/onnx/dtype.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";

const engine = nodeEngine({ threads: 1 });

/** The head of what `build` makes of x, a float32 of a shape. */
async function headOf(shape: readonly number[], build: (graph: GraphBuilder) => string, opset = 18) {
  const model = emptyModel("heads");
  model.opsets.set("", opset);
  model.inputs.push({ name: "x", dtype: "float32", shape });
  model.outputs = [{ name: build(new GraphBuilder(model)) }];
  return headsOf(await annotate(engine, model, {}))[0];
}

describe("a head", () => {
  it("is a distribution behind a Softmax, along its axis", async () => {
    const steps = await headOf([2, 5, 7], (graph) => graph.emit("Softmax", ["x"], { axis: int(2) }));
    expect(steps).toMatchObject({ kind: "softmax", classes: 7, inner: 1, shape: [2, 5, 7] });
    const map = await headOf([2, 3, 4, 4], (graph) => graph.emit("LogSoftmax", ["x"], { axis: int(1) }));
    expect(map).toMatchObject({ kind: "log-softmax", classes: 3, inner: 16 });
  });

  it("is one over all axes from one on before operator set 13", async () => {
    const found = await headOf([2, 3, 4], (graph) => graph.emit("Softmax", ["x"], {}), 11);
    expect(found).toMatchObject({ kind: "softmax", classes: 12 });
  });

  it("is no distribution of a sample where it runs over the batch", async () => {
    const found = await headOf([2, 3], (graph) => graph.emit("Softmax", ["x"], { axis: int(0) }));
    expect(found.kind).toBe("values");
  });

  it("is a probability behind a Sigmoid, whatever only carries it on", async () => {
    const found = await headOf([2, 1, 1], (graph) => {
      const y = graph.emit("Squeeze", [graph.emit("Sigmoid", ["x"]), graph.ints([2])]);
      return graph.emit("Unsqueeze", [
        graph.emit("ReduceMean", [y, graph.ints([1])], { keepdims: int(0) }),
        graph.ints([1]),
      ]);
    });
    expect(found).toMatchObject({ kind: "sigmoid", shape: [2, 1] });
  });

  it("is values where a mean is of several", async () => {
    const found = await headOf([2, 3], (graph) =>
      graph.emit("ReduceMean", [graph.emit("Sigmoid", ["x"]), graph.ints([1])]),
    );
    expect(found.kind).toBe("values");
  });

  it("is scores where a dense layer makes it, and whole numbers where it is", async () => {
    const dense = await headOf([2, 3], (graph) => {
      const weight = graph.initializer("w", float32([3, 4]));
      const bias = graph.initializer("b", float32([4]));
      return graph.emit("Add", [graph.emit("MatMul", ["x", weight]), bias]);
    });
    expect(dense).toMatchObject({ kind: "values", dense: true, classes: 4 });
    const whole = await headOf([2, 3], (graph) => graph.emit("Cast", ["x"], { to: int(codeOf("int64")) }));
    expect(whole.kind).toBe("whole");
    const moved = await headOf([2, 3, 4], (graph) => graph.emit("Transpose", ["x"], { perm: ints([0, 2, 1]) }));
    expect(moved).toMatchObject({ kind: "values", dense: false });
  });
});
