import { describe, expect, it } from "vitest";
import { declaredScores, withScores } from "../../src/adoption/scores.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { type Dim, emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";

const engine = nodeEngine({ threads: 1 });

/** The scores of two samples of x, [2, ...shape], after what `build` puts behind them. */
async function scored(
  shape: readonly number[],
  build: (graph: GraphBuilder) => string[],
  { opset = 18, wanted }: { opset?: number; wanted?: string } = {},
) {
  const model: Model = emptyModel("scores");
  model.opsets.set("", opset);
  model.inputs.push({ name: "x", dtype: "float32", shape: [2, ...shape] });
  model.outputs = build(new GraphBuilder(model)).map((name) => ({ name }));
  const { model: found, ...about } = withScores(await annotate(engine, model, {}), wanted);
  const program = await engine.compile(found);
  const size = 2 * shape.reduce((n, dim) => n * dim, 1);
  const feeds = {
    x: float32(
      [2, ...shape],
      Float32Array.from({ length: size }, (_, i) => i),
    ),
  };
  const results = await program.run(feeds);
  await program.release();
  const { dims, data } = results[found.outputs[0].name];
  expect(found.outputs[0].shape).toEqual([...dims]);
  return { ...about, dims: [...dims], data: [...data] };
}

const softmax = (attributes: Attributes) => (graph: GraphBuilder) => [graph.emit("Softmax", ["x"], attributes, "y")];

describe("the scores of a network", () => {
  const plain = { output: "y", probabilities: "Softmax", dims: [2, 3], data: [0, 1, 2, 3, 4, 5] };

  it("are what a Softmax at the end is taken of", async () => {
    expect(await scored([3], softmax({}))).toEqual(plain);
    expect(await scored([3], softmax({ axis: int(1) }))).toEqual(plain);
    expect(await scored([3], softmax({}), { opset: 11 })).toEqual(plain);
    // Before operator set 13 a Softmax ran over all axes from its own on.
    expect(await scored([3, 1, 1], softmax({}), { opset: 11 })).toEqual(plain);
    expect(await scored([3, 1, 1], softmax({ axis: int(1) }))).toEqual(plain);
  });

  it("are also behind Reshape, Identity and Cast", async () => {
    const shaped = (graph: GraphBuilder) => [
      graph.emit("Identity", [graph.emit("Reshape", softmax({})(graph).concat(graph.ints([2, 3])))], {}, "z"),
    ];
    expect(await scored([1, 3], shaped)).toEqual({ ...plain, output: "z" });
  });

  it("leave a Softmax over something else where it is", async () => {
    const { probabilities, data } = await scored([3, 1, 1], softmax({ axis: int(2) }));
    expect(probabilities).toBeUndefined();
    expect(data).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("of a binary classifier are zero and its own", async () => {
    const sigmoid = (graph: GraphBuilder) => [graph.emit("Sigmoid", ["x"], {}, "y")];
    expect(await scored([1], sigmoid)).toEqual({
      ...{ output: "y", probabilities: "Sigmoid", dims: [2, 2] },
      data: [0, 0, 0, 1],
    });
    expect(await scored([3], sigmoid)).toEqual({ ...plain, probabilities: "Sigmoid" });
  });

  it("are those of the first output that looks like classes, or of the one that is named", async () => {
    const several = (graph: GraphBuilder) => [
      graph.emit("ReduceSum", ["x", graph.ints([1])], {}, "sum"),
      graph.emit("Reshape", ["x", graph.ints([2, 1, 3])], {}, "sequence"),
      graph.emit("ArgMax", ["x"], { axis: int(1) }, "label"),
      graph.emit("Neg", ["x"], {}, "first"),
      graph.emit("Identity", ["x"], {}, "second"),
    ];
    expect((await scored([3], several)).output).toBe("first");
    expect(await scored([3], several, { wanted: "second" })).toMatchObject({ output: "second", data: plain.data });
    expect((await scored([3], several, { wanted: "sum" })).dims).toEqual([2, 2]);
    await expect(scored([3], several, { wanted: "sequence" })).rejects.toThrow(/"sequence" has the shape \[2,1,3\]/);
    await expect(scored([3], several, { wanted: "third" })).rejects.toThrow(
      /no output "third".*"first" \(float32\[2,3\]/,
    );
  });

  it("are missed where there are none", async () => {
    const none = (graph: GraphBuilder) => [graph.emit("Unsqueeze", ["x", graph.ints([1])], {}, "y")];
    await expect(scored([3], none)).rejects.toThrow(/no output of class scores.*"y" \(float32\[2,1,3\]\)/);
  });
});

describe("declared scores", () => {
  const model = (...shapes: (readonly Dim[] | undefined)[]): Model => ({
    ...emptyModel("declared"),
    outputs: shapes.map((shape, i) => ({ name: `y${i}`, dtype: "float32", shape })),
  });

  it.each<[string, number | undefined, Model]>([
    ["a class each", 5, model([null, 5])],
    ["a class each, with axes of size 1 behind", 5, model([1, 5, 1, 1])],
    ["two classes by one score", 2, model(["batch", 1])],
    ["nothing certain where the number is open", undefined, model([null, null])],
    ["nothing certain where the shape is open", undefined, model(undefined)],
    ["no classes where there are more axes", undefined, model([1, 4420, 2])],
    ["nothing certain where there are several outputs", undefined, model([1, 5], [1, 3])],
  ])("are of %s", (_, expected, declared) => {
    expect(declaredScores(declared)).toBe(expected);
  });
});
