import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Graph } from "../../src/onnx/graph.ts";
import { withoutDeadNodes } from "../../src/onnx/live.ts";
import { repeat } from "../../src/onnx/repeat.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import type { FeedableModel } from "../../src/onnx/typed.ts";

/** y = condition ? 2 a : a, with a = x + x read by the branches alone, and a node that nothing reads. */
function branching() {
  const model: FeedableModel = { ...emptyModel("branching"), inputs: [] };
  model.inputs.push({ name: "x", dtype: "float32", shape: [2] }, { name: "condition", dtype: "bool", shape: [] });
  const graph = new GraphBuilder(model);
  graph.emit("Add", ["x", "x"], {}, "a");
  graph.emit("Neg", ["x"], {}, "dead");
  const branch = (name: string, op: string, inputs: string[]): Graph => ({
    name,
    nodes: [{ name, op, domain: "", inputs, outputs: [`${name}/y`], attributes: {} }],
    inputs: [],
    outputs: [{ name: `${name}/y`, dtype: "float32", shape: [2] }],
    initializers: new Map(),
    values: new Map(),
  });
  graph.emit(
    "If",
    ["condition"],
    {
      then_branch: { kind: "graph", value: branch("then", "Add", ["a", "a"]) },
      else_branch: { kind: "graph", value: branch("else", "Identity", ["a"]) },
    },
    "y",
  );
  model.outputs.push({ name: "y" });
  return model;
}

describe("subgraphs that read the values around them", () => {
  it("keep those alive, and nothing else", () => {
    expect(withoutDeadNodes(branching()).nodes.map(({ outputs }) => outputs[0])).toEqual(["a", "y"]);
  });

  it("follow new names when the graph is repeated", async () => {
    const repeated = repeat(branching(), { carry: {}, shared: new Set() });
    const program = await nodeEngine({ threads: 1 }).compile(repeated);
    const condition = { dtype: "bool", dims: [2], data: Uint8Array.of(1, 0) } as const;
    const { y } = await program.run({ x: float32([2, 2], Float32Array.of(1, 2, 3, 4)), condition });
    expect([...y.data]).toEqual([4, 8, 6, 8]);
    await program.release();
  });
});
