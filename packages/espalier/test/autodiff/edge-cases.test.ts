import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type AttributeKinds, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Graph } from "../../src/onnx/graph.ts";
import { scalar } from "../../src/onnx/tensor.ts";
import { typedModel } from "../../src/onnx/typed.ts";

describe("differentiate", () => {
  const engine = nodeEngine({ threads: 1 });

  it("sees what the branches of an If read of the graph around it", async () => {
    const branch = (op: string): AttributeKinds["graph"] => {
      const graph: Graph = { ...emptyModel(op), outputs: [{ name: op, dtype: "float32", shape: [2] }] };
      graph.nodes = [{ name: op, op, domain: "", inputs: ["x"], outputs: [op], attributes: {} }];
      return graph;
    };
    const model = emptyModel("branches");
    model.inputs.push({ name: "x", dtype: "float32", shape: [2] });
    const graph = new GraphBuilder(model);
    const chosen = graph.emit("If", [graph.constant(scalar("bool", 1))], {
      then_branch: { kind: "graph", value: branch("Exp") },
      else_branch: { kind: "graph", value: branch("Neg") },
    });
    graph.emit("ReduceSum", [graph.emit("Mul", [chosen, "x"])], { keepdims: int(0) }, "loss");
    model.outputs = [{ name: "loss" }];
    const typed = await annotate(engine, model, {});
    expect(() => differentiate(typed, "loss", ["x"])).toThrow(/No gradient rule for the operator If/);
  });

  it("refuses operator sets whose axes are attributes", async () => {
    const model = emptyModel("old");
    model.opsets.set("", 13);
    expect(() => differentiate(typedModel(model), "loss", ["x"])).toThrow(/operator set 13, .*upgrade it first/);
  });

  it.each([
    ["Gather", [40], [5, 8]],
    ["Gather", [40], [50, 8]],
    ["GatherND", [40, 1], [50, 8]],
  ])("adds rows that %s read without ScatterND, which loses some on several threads", (op, at, table) => {
    const model = emptyModel("rows");
    model.inputs.push({ name: "table", dtype: "float32", shape: table }, { name: "at", dtype: "int64", shape: at });
    const graph = new GraphBuilder(model);
    const rows = graph.emit(op, ["table", "at"]);
    model.values.set(rows, { name: rows, dtype: "float32", shape: [40, 8] });
    graph.emit("ReduceSum", [rows], { keepdims: int(0) }, "loss");
    model.outputs = [{ name: "loss", dtype: "float32", shape: [] }];
    const { nodes } = differentiate(typedModel(model), "loss", ["table"]).model;
    expect(nodes.length).toBeGreaterThan(3);
    expect(nodes.filter((node) => node.op === "ScatterND")).toEqual([]);
  });
});
