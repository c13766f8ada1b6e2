import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { compact } from "../../src/library/compact.ts";
import { attribute, int, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { storedLike } from "../../src/onnx/half.ts";
import { readModel } from "../../src/onnx/read.ts";
import { withInputShapes } from "../../src/onnx/simplify/inputs.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import { expectSame } from "../pruning/units/same.ts";

const engine = nodeEngine({ threads: 1 });
const H = 6;

function drawn(seed: number, ...dims: number[]): FloatTensor {
  const { normal } = random(seed, "weights");
  return float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal));
}

/** Sequences through an LSTM in two directions to a product, which reads two of its six units no more. */
function recurrent(): Model {
  const model = emptyModel("recurrent");
  const graph = new GraphBuilder(model);
  model.inputs.push({ name: "x", dtype: "float32", shape: [5, "batch", 3] });
  const dead = [1, 4];
  const readers = drawn(1, 2, 4 * H, H);
  for (let i = 0; i < readers.data.length; i++) if (dead.includes(i % H)) readers.data[i] = 0;
  const output = drawn(2, H, 2);
  for (const unit of dead) output.data.fill(0, 2 * unit, 2 * unit + 2);
  const names = [drawn(3, 2, 4 * H, 3), readers, drawn(4, 2, 8 * H)].map((tensor, i) =>
    graph.initializer(`w${i}`, tensor),
  );
  const attributes = { hidden_size: int(H), direction: string("bidirectional") };
  const [, last] = graph.emitMany("LSTM", ["x", ...names], attributes, 2);
  const product = graph.emit("MatMul", [last, graph.initializer("output", output)]);
  model.outputs.push({ name: product });
  return model;
}

describe("compact", () => {
  it("makes a recurrent layer smaller, in the form of its file", async () => {
    const source = recurrent();
    const { model, layers } = await compact(engine, source);
    expect(model.nodes.map(({ op }) => op)).toEqual(["LSTM", "MatMul"]);
    expect(attribute(model.nodes[0], "int", "hidden_size", 0)).toBe(4);
    expect([...model.initializers].map(([name, { dims }]) => [name, dims])).toEqual(
      expect.arrayContaining([
        ["w0", [2, 16, 3]],
        ["w1", [2, 16, 4]],
        ["w2", [2, 32]],
        ["output", [4, 2]],
      ]),
    );
    expect(layers.every(({ name, before, after }) => name === "output" || (before === 6 && after === 4))).toBe(true);
    await expectSame(engine, source, readModel(writeModel(model)));
  });

  it("leaves channels whose number a node names, where the file has another form", async () => {
    const source = emptyModel("halves");
    const graph = new GraphBuilder(source);
    source.inputs.push({ name: "x", dtype: "float16", shape: ["batch", 4, 5, 5] });
    const half = (name: string, tensor: FloatTensor) => {
      const like = { dtype: "float16", dims: [], data: new Uint16Array(0) } as const;
      return graph.initializer(name, storedLike(like, tensor));
    };
    const first = drawn(1, 8, 4, 1, 1);
    first.data.fill(0, 0, 8);
    const conv = graph.emit("Conv", ["x", half("first", first)]);
    const depthwise = graph.emit("Conv", [conv, half("depthwise", drawn(2, 8, 1, 3, 3))], { group: int(8) });
    const last = drawn(3, 3, 8, 1, 1);
    source.outputs.push({ name: graph.emit("Conv", [depthwise, half("last", last)]), dtype: "float16" });
    const { model } = await compact(engine, source);
    expect(model.nodes).toEqual(source.nodes);
    const program = await engine.compile(model);
    await program.release();
    expect([...model.initializers.values()].some(isFloat32)).toBe(false);
  });

  it("finds sizes that inputs leave open, and leaves them open in the file", async () => {
    const source = emptyModel("open");
    const graph = new GraphBuilder(source);
    source.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 1, "height", "width"] });
    const first = drawn(1, 3, 1, 3, 3);
    first.data.fill(0, 0, 9);
    const conv = graph.emit("Relu", [graph.emit("Conv", ["x", graph.initializer("first", first)])]);
    const columns = graph.emit("Reshape", [conv, graph.ints([0, 3, -1, 30])]);
    source.outputs.push({ name: graph.emit("Conv", [columns, graph.initializer("last", drawn(2, 2, 3, 1, 1))]) });
    const { model, layers } = await compact(engine, source);
    expect(layers).toEqual([
      { name: "first", before: 3, after: 2 },
      { name: "last", before: 2, after: 2 },
    ]);
    expect(model.inputs).toEqual(source.inputs);
    await expectSame(
      engine,
      withInputShapes(source, { x: [1, 1, 7, 62] }),
      withInputShapes(model, { x: [1, 1, 7, 62] }),
    );
  });

  it("asks for a size where it finds none", async () => {
    const source = emptyModel("open");
    const graph = new GraphBuilder(source);
    source.inputs.push({ name: "x", dtype: "float32", shape: ["batch", "columns"] });
    source.outputs.push({ name: graph.emit("MatMul", ["x", graph.initializer("w", drawn(1, 7, 2))]) });
    await expect(compact(engine, source)).rejects.toThrow(
      'The size "columns" of the input "x" is open: give it a number by shape.',
    );
    const { model } = await compact(engine, source, { shape: [7] });
    expect(model.inputs).toEqual(source.inputs);
  });
});
