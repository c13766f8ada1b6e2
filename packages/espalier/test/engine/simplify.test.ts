import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { simplify } from "../../src/engine/simplify.ts";
import { type Attribute, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Graph, type Model } from "../../src/onnx/graph.ts";
import { float32, int64s } from "../../src/onnx/tensor.ts";

const engine = nodeEngine({ threads: 1 });

/** A network over x of a fixed shape. */
function exported(shape: number[], build: (graph: GraphBuilder) => string): Model {
  const model = emptyModel("exported");
  model.inputs.push({ name: "x", dtype: "float32", shape });
  model.outputs.push({ name: build(new GraphBuilder(model)) });
  return model;
}

describe("simplify", () => {
  const branch = (name: string, op: string): Attribute => {
    const graph: Graph = {
      ...{ name, inputs: [], initializers: new Map(), values: new Map() },
      nodes: [{ name: "", op, domain: "", inputs: ["x"], outputs: [`${name}/y`], attributes: {} }],
      outputs: [{ name: `${name}/y` }],
    };
    return { kind: "graph", value: graph };
  };
  const branches = { then_branch: branch("then", "Neg"), else_branch: branch("else", "Abs") };

  it("takes the branch that shapes settle, and makes whole numbers that nothing changes constant", async () => {
    const model = exported([1, 6], (graph) => {
      const size = graph.emit("Gather", [graph.emit("Shape", ["x"]), graph.ints([1])]);
      const condition = graph.emit("Squeeze", [graph.emit("Equal", [size, graph.ints([6])])]);
      const target = graph.emit("Concat", [graph.ints([2]), graph.ints([3])], { axis: int(0) }, "target");
      return graph.emit("Reshape", [graph.emit("If", [condition], branches), target]);
    });
    const simple = await simplify(engine, model, {});
    expect(simple.nodes.map(({ op }) => op)).toEqual(["Shape", "Gather", "Equal", "Squeeze", "Neg", "Reshape"]);
    expect(simple.initializers.get("target")).toEqual(int64s([2, 3]));
  });

  it("leaves a branch that the data chooses", async () => {
    const model = exported([1, 1], (graph) => {
      const condition = graph.emit("Squeeze", [graph.emit("Greater", ["x", graph.scalar("float32", 0)])]);
      return graph.emit("If", [condition], branches);
    });
    expect((await simplify(engine, model, {})).nodes.map(({ op }) => op)).toEqual(["Greater", "Squeeze", "If"]);
  });

  it("takes a branch within a branch", async () => {
    const model = exported([1, 2], (graph) => {
      const condition = graph.emit("Squeeze", [graph.emit("Equal", [graph.ints([1]), graph.ints([1])])]);
      const within = { then_branch: branch("inner/then", "Neg"), else_branch: branch("inner/else", "Exp") };
      const inner: Graph = {
        ...{ name: "inner", inputs: [], initializers: new Map(), values: new Map() },
        nodes: [{ name: "", op: "If", domain: "", inputs: [condition], outputs: ["inner/y"], attributes: within }],
        outputs: [{ name: "inner/y" }],
      };
      return graph.emit("If", [condition], { ...branches, then_branch: { kind: "graph", value: inner } });
    });
    const simple = await simplify(engine, model, {});
    expect(simple.nodes.map(({ op }) => op).filter((op) => ["If", "Neg", "Exp", "Abs"].includes(op))).toEqual(["Neg"]);
    const program = await engine.compile(simple);
    const { data } = (await program.run({ x: float32([1, 2], Float32Array.of(3, -4)) }))[simple.outputs[0].name];
    await program.release();
    expect([...data]).toEqual([-3, 4]);
  });
});
