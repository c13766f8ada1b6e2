import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attribute, type Attributes, float, int, ints, string } from "../../src/onnx/attributes.ts";
import { emptyModel, type Model, type Node } from "../../src/onnx/graph.ts";
import { float32, int64s, type NumericTensor, scalar, sizeOf } from "../../src/onnx/tensor.ts";
import { upgrade } from "../../src/onnx/upgrade.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });
const floats = (value: number[]): Attribute => ({ kind: "floats", value });
const normals = (dims: number[]) =>
  float32(dims, Float32Array.from({ length: sizeOf(dims) }, random(1, "upgrade", ...dims).normal));

function node(op: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node {
  return { name: outputs[0], op, domain: "", inputs, outputs, attributes };
}

/** A model of an older operator set over the input x. */
function old(opset: number, shape: number[], nodes: Node[], constants: Record<string, NumericTensor> = {}): Model {
  const model = emptyModel(`operator set ${opset}`);
  model.opsets.set("", opset);
  model.inputs.push({ name: "x", dtype: "float32", shape });
  model.nodes = nodes;
  model.outputs = nodes.flatMap(({ outputs }) => outputs).map((name) => ({ name }));
  model.initializers = new Map(Object.entries(constants));
  return model;
}

async function expectSame(model: Model, shape: number[]): Promise<void> {
  const results = [model, upgrade(model)].map(async (version) => {
    const program = await engine.compile(version);
    const outputs = await program.run({ x: normals(shape) });
    await program.release();
    return Object.entries(outputs).map(([name, { dims, data }]) => ({ name, dims: [...dims], data: [...data] }));
  });
  expect(await results[1]).toEqual(await results[0]);
}

describe("upgrade keeps what these compute", () => {
  const scales = float32([4], Float32Array.of(1, 1, 2, 3));
  const channels = {
    scale: normals([2]),
    bias: float32([2]),
    mean: float32([2]),
    variance: float32([2], Float32Array.of(1, 4)),
  };

  it.each<[name: string, opset: number, shape: number[], nodes: Node[], constants?: Record<string, NumericTensor>]>([
    ["Split into equal parts", 11, [2, 6], [node("Split", ["x"], ["a", "b", "c"], { axis: int(1) })]],
    ["Split with sizes", 11, [2, 6], [node("Split", ["x"], ["a", "b"], { axis: int(1), split: ints([4, 2]) })]],
    ["Split with sizes as an input", 13, [6, 2], [node("Split", ["x", "s"], ["a", "b"])], { s: int64s([4, 2]) }],
    ["Split without sizes", 17, [6, 2], [node("Split", ["x"], ["a", "b"])]],
    [
      "Upsample with scales as an attribute",
      7,
      [1, 2, 3, 2],
      [node("Upsample", ["x"], ["y"], { mode: string("nearest"), scales: floats([1, 1, 2, 3]) })],
    ],
    ["Upsample", 9, [1, 2, 3, 2], [node("Upsample", ["x", "scales"], ["y"])], { scales }],
    [
      "Upsample by lines",
      9,
      [1, 2, 3, 2],
      [node("Upsample", ["x", "scales"], ["y"], { mode: string("linear") })],
      { scales },
    ],
    ["Resize", 10, [1, 2, 3, 2], [node("Resize", ["x", "scales"], ["y"])], { scales }],
    [
      "Resize by lines",
      10,
      [1, 2, 3, 2],
      [node("Resize", ["x", "scales"], ["y"], { mode: string("linear") })],
      { scales },
    ],
    [
      "Resize to less",
      10,
      [1, 2, 6, 8],
      [node("Resize", ["x", "scales"], ["y"])],
      { scales: float32([4], Float32Array.of(1, 1, 0.5, 0.3)) },
    ],
    [
      "BatchNormalization with spatial",
      7,
      [3, 2, 4],
      [
        node("BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["y"], {
          spatial: int(1),
          epsilon: float(0.01),
        }),
      ],
      channels,
    ],
    [
      "BatchNormalization",
      9,
      [3, 2, 4],
      [node("BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["y"], { momentum: float(0.8) })],
      channels,
    ],
    ["Hardmax", 11, [2, 3, 4], [node("Hardmax", ["x"], ["y"])]],
    ["ReduceLogSumExp", 13, [2, 3, 4], [node("ReduceLogSumExp", ["x"], ["y"], { axes: ints([-1]) })]],
    ["ReduceLogSum", 11, [2, 3], [node("Abs", ["x"], ["a"]), node("ReduceLogSum", ["a"], ["y"], { axes: ints([0]) })]],
    ["ReduceL2 with noop", 17, [2, 3], [node("ReduceL2", ["x"], ["y"])]],
    ["Scatter", 9, [3], [node("Scatter", ["x", "at", "with"], ["y"])], { at: int64s([2, 0]), with: float32([2]) }],
    ["TopK", 9, [2, 5], [node("TopK", ["x"], ["values", "places"], { k: int(3), axis: int(1) })]],
    ["Softmax over everything", 11, [2, 3], [node("Softmax", ["x"], ["y"], { axis: int(0) })]],
    ["Softmax over a negative axis", 11, [2, 3, 4], [node("Softmax", ["x"], ["y"], { axis: int(-2) })]],
    [
      "Pad by reflection",
      10,
      [3, 3],
      [node("Pad", ["x"], ["y"], { mode: string("reflect"), pads: ints([1, 0, 1, 2]) })],
    ],
    [
      "AveragePool with ceil_mode",
      10,
      [1, 1, 6],
      [node("AveragePool", ["x"], ["y"], { kernel_shape: ints([3]), strides: ints([2]), ceil_mode: int(1) })],
    ],
    [
      "GRU",
      11,
      [2, 1, 2],
      [node("GRU", ["x", "w", "r"], ["y"], { hidden_size: int(2) })],
      { w: normals([1, 6, 2]), r: normals([1, 6, 2]) },
    ],
    [
      "two nodes of one name",
      11,
      [2, 3],
      [
        { ...node("ReduceMean", ["x"], ["a"], { axes: ints([0]) }), name: "" },
        { ...node("Unsqueeze", ["a"], ["b"], { axes: ints([0]) }), name: "" },
      ],
    ],
  ])("%s (operator set %i)", (_, opset, shape, nodes, constants) =>
    expectSame(old(opset, shape, nodes, constants), shape),
  );

  it("subgraphs", async () => {
    const branch = (axis: number) => {
      const { irVersion, opsets, metadata, modelResidue, ...graph } = emptyModel(`branch ${axis}`);
      graph.nodes = [node("ReduceMean", ["x"], [`mean${axis}`], { axes: ints([axis]), keepdims: int(1) })];
      graph.outputs = [{ name: `mean${axis}`, dtype: "float32", shape: [null, null] }];
      return { kind: "graph", value: graph } as const;
    };
    const choice = node("If", ["yes"], ["y"], { then_branch: branch(0), else_branch: branch(1) });
    await expectSame(old(11, [2, 3], [choice], { yes: scalar("bool", 1) }), [2, 3]);
    await expectSame(old(11, [2, 3], [choice], { yes: scalar("bool", 0) }), [2, 3]);
  });

  it("a file of IR version 3, which lists its initializers among the inputs", async () => {
    const model = old(
      7,
      [2, 3],
      [
        node("Add", ["x", "w"], ["s"]),
        node("Slice", ["s"], ["y"], { starts: ints([1]), ends: ints([3]), axes: ints([1]) }),
      ],
      { w: normals([3]) },
    );
    model.irVersion = 3;
    model.inputs.push({ name: "w", dtype: "float32", shape: [3] });
    await expectSame(model, [2, 3]);
  });
});
