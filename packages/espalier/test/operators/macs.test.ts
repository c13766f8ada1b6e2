import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int, ints, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, int64s } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { macsOf } from "../../src/operators/macs.ts";

const engine = nodeEngine({ threads: 1 });

type Given = readonly [
  what: string,
  op: string,
  input: readonly number[],
  weights: readonly (readonly number[])[],
  attributes: Attributes,
  macs: readonly number[],
];

describe("MACs are those that one counts by hand", () => {
  it.each<Given>([
    // 4 x 4 windows of 3 x 3 x 3 for each of 5 channels and 2 samples
    ["a convolution", "Conv", [2, 3, 6, 6], [[5, 3, 3, 3]], {}, [2 * 5 * 4 * 4 * 27]],
    [
      "a strided one in groups",
      "Conv",
      [1, 4, 6, 6],
      [[6, 2, 3, 3]],
      { group: int(2), strides: ints([2, 2]) },
      [6 * 2 * 2 * 18],
    ],
    // Each of 3 x 6 x 6 elements goes to 2 x 2 places of 5 channels.
    ["a ConvTranspose", "ConvTranspose", [2, 3, 6, 6], [[3, 5, 2, 2]], { strides: ints([2, 2]) }, [2 * 3 * 36 * 5 * 4]],
    ["a ConvTranspose in groups", "ConvTranspose", [1, 4, 5, 5], [[4, 3, 2, 2]], { group: int(2) }, [4 * 25 * 3 * 4]],
    ["a Gemm", "Gemm", [7, 5], [[3, 5]], { transB: int(1) }, [7 * 5 * 3]],
    ["a Gemm of a turned input", "Gemm", [5, 7], [[5, 3]], { transA: int(1) }, [7 * 5 * 3]],
    ["a MatMul", "MatMul", [2, 4, 5], [[5, 3]], {}, [8 * 5 * 3]],
    ["a stack of them", "MatMul", [2, 4, 5], [[2, 5, 3]], {}, [2 * 4 * 5 * 3]],
    ["an Einsum", "Einsum", [2, 4, 5], [[5, 3, 6]], { equation: string("btd,dhk->bthk") }, [8 * 5 * 18]],
    ["an Einsum with an ellipsis", "Einsum", [2, 4, 5], [[5, 3]], { equation: string("...d,dk->...k") }, [8 * 5 * 3]],
    // Four gates of 3 units over 5 features and 3 states, for 6 steps of 2 sequences
    [
      "an LSTM",
      "LSTM",
      [6, 2, 5],
      [
        [1, 12, 5],
        [1, 12, 3],
      ],
      { hidden_size: int(3) },
      [12 * 12 * 5, 12 * 12 * 3],
    ],
    [
      "a GRU in two directions",
      "GRU",
      [6, 2, 5],
      [
        [2, 9, 5],
        [2, 9, 3],
      ],
      { hidden_size: int(3), direction: string("bidirectional") },
      [12 * 18 * 5, 12 * 18 * 3],
    ],
  ])("%s", async (_, op, input, weights, attributes, macs) => {
    const model = emptyModel("counted");
    const graph = new GraphBuilder(model);
    model.inputs.push({ name: "x", dtype: "float32", shape: input });
    const names = weights.map((dims, i) => graph.initializer(`w${i}`, float32(dims)));
    model.outputs.push({ name: graph.emit(op, ["x", ...names], attributes) });
    const typed = await annotate(engine, model, {});
    expect(macsOf(typed, layersOf(typed))).toEqual(macs);
  });

  it("of all nodes that share weights, and none for what is looked up", async () => {
    const model = emptyModel("shared");
    const graph = new GraphBuilder(model);
    const table = graph.initializer("table", float32([7, 4]));
    const w = graph.initializer("w", float32([4, 4]));
    model.inputs.push({ name: "tokens", dtype: "int64", shape: [2, 3] });
    const found = graph.emit("Gather", [table, "tokens"]);
    const once = graph.emit("MatMul", [found, w]);
    const rows = graph.emit("Reshape", [once, graph.constant(int64s([6, 4]))]);
    model.outputs.push({ name: graph.emit("Gemm", [rows, w]) });
    const typed = await annotate(engine, model, {});
    expect(macsOf(typed, layersOf(typed))).toEqual([0, 2 * 6 * 16]);
  });
});
