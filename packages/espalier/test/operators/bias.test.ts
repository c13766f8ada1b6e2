import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { samples } from "../../src/engine/compare.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, int64s } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";

const engine = nodeEngine({ threads: 1 });

interface Given {
  readonly op: string;
  readonly input: readonly number[];
  readonly weights: readonly number[];
  readonly bias: readonly number[];
  readonly attributes?: Attributes;
  /** True for weights that are the first operand. */
  readonly left?: boolean;
  /** True for an Add that has the bias first. */
  readonly first?: boolean;
  /** A shape that the bias is given on the way. */
  readonly through?: readonly number[];
  readonly behind?: (graph: GraphBuilder, product: string) => void;
}

/** Weights with something added. */
function added({ op, input, weights, bias, attributes, left, first, through, behind }: Given): Model {
  const model = emptyModel("added");
  const graph = new GraphBuilder(model);
  model.inputs.push({ name: "x", dtype: "float32", shape: input });
  graph.reserve("x");
  const w = graph.initializer("w", float32(weights));
  const b = graph.initializer("b", float32(bias));
  const product = graph.emit(op, left ? [w, "x"] : ["x", w], attributes);
  const target = through && graph.initializer("target", int64s(through));
  const addend = target ? graph.emit("Reshape", [b, target]) : b;
  model.outputs.push({ name: graph.emit("Add", first ? [addend, product] : [product, addend]) });
  behind?.(graph, product);
  return model;
}

const product = { op: "MatMul", input: [2, 4, 5], weights: [5, 3], bias: [3] };
const left = { op: "MatMul", input: [4, 5], weights: [3, 4], bias: [3, 1], left: true };
const conv = { op: "Conv", input: [2, 3, 6, 6], weights: [6, 3, 1, 1], bias: [6, 1, 1] };
const heads = { op: "Einsum", input: [2, 4, 5], weights: [5, 3, 2], attributes: { equation: string("btd,dhk->bthk") } };

describe("the bias of a layer is what is added to each output unit", () => {
  it.each<[string, Given]>([
    ["behind a product", product],
    ["on the other side of the Add", { ...product, first: true }],
    ["of another rank", { ...product, bias: [1, 1, 3] }],
    ["of a higher rank than the product", { ...product, bias: [1, 1, 1, 3] }],
    ["through a Reshape", { ...product, through: [1, 3] }],
    ["of one unit", { ...product, weights: [5, 1], bias: [1] }],
    ["of a product from the left", left],
    ["behind a Gemm", { ...product, op: "Gemm", input: [4, 5] }],
    [
      "behind a Gemm of turned weights",
      { ...product, op: "Gemm", input: [4, 5], weights: [3, 5], attributes: { transB: int(1) } },
    ],
    ["behind a convolution", conv],
    ["behind a convolution, with the batch", { ...conv, bias: [1, 6, 1, 1] }],
    ["behind a ConvTranspose", { ...conv, op: "ConvTranspose", weights: [3, 6, 2, 2] }],
    [
      "behind a grouped ConvTranspose",
      { ...conv, op: "ConvTranspose", weights: [3, 2, 2, 2], attributes: { group: int(3) } },
    ],
    ["of an Einsum", { ...heads, bias: [3, 2] }],
  ])("%s", async (_, given) => {
    const model = added(given);
    expect(layersOf(model)[0].bias).toBe("b");
    expect(layersOf(model)[0].parameters).toEqual(["w", "b"]);
    // The network must be one that runs.
    const program = await engine.compile(model);
    await program.run(samples(await annotate(engine, model, {}), 0));
    await program.release();
  });

  it.each<[string, Given]>([
    ["a number for each place", { ...product, bias: [4, 3] }],
    ["a number for each token of a square", { ...product, input: [2, 3, 5], bias: [3, 1] }],
    ["a single number", { ...product, bias: [] }],
    ["one for each column of a product from the left", { ...left, bias: [5] }],
    ["one along the width of an image", { ...conv, bias: [6] }],
    ["one through a Reshape to another axis", { ...product, input: [2, 3, 5], through: [3, 1] }],
    ["some of an Einsum's units", { ...heads, bias: [2] }],
    [
      "added where others read the product too",
      { ...product, behind: (graph, value) => graph.model.outputs.push({ name: graph.emit("Relu", [value]) }) },
    ],
    ["added where the product is an output", { ...product, behind: ({ model }, name) => model.outputs.push({ name }) }],
  ])("and not %s", (_, given) => {
    expect(layersOf(added(given))[0].bias).toBeUndefined();
  });

  it("comes first as the operator's own input, also through Identity", () => {
    const model = added(conv);
    const [node, add] = model.nodes;
    model.initializers.set("own", float32([6]));
    const identity = { ...add, name: "same", op: "Identity", inputs: ["own"], outputs: ["same"] };
    model.nodes = [identity, { ...node, inputs: [...node.inputs, "same"] }, add];
    expect(layersOf(model)[0].bias).toBe("own");
  });
});
