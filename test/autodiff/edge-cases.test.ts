import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type AttributeKinds, type Attributes, int, ints, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Graph } from "../../src/onnx/graph.ts";
import { scalar } from "../../src/onnx/tensor.ts";
import { type Case, checkGradient, distinct } from "./check-gradient.ts";

/** What random shapes seldom or never meet, operator by operator. */
const cases: readonly (readonly [name: string, given: Omit<Case, "seed">])[] = [
  ...overhanging(),
  ...[
    [2, 2],
    [3, 3],
  ].map((kernel): [string, Omit<Case, "seed">] => [
    `MaxPool ${kernel} whose places count down the columns`,
    pooled("MaxPool", [2, 2, 6, 8], { kernel_shape: ints(kernel), strides: ints([2, 2]), storage_order: int(1) }),
  ]),
  ["MaxPool with dilation", pooled("MaxPool", [2, 2, 9, 9], { kernel_shape: ints([2, 2]), dilations: ints([2, 3]) })],
  [
    "MaxPool over three axes",
    pooled("MaxPool", [1, 2, 4, 4, 4], { kernel_shape: ints([2, 2, 2]), strides: ints([2, 2, 2]) }),
  ],
  [
    "MaxPool in float64",
    { ...pooled("MaxPool", [2, 2, 6, 6], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }), dtype: "float64" },
  ],
  ...(["SAME_UPPER", "SAME_LOWER", "VALID"] as const).map((auto): [string, Omit<Case, "seed">] => [
    `AveragePool with ${auto}`,
    pooled("AveragePool", [1, 2, 7, 6], { kernel_shape: ints([3, 2]), strides: ints([2, 2]), auto_pad: string(auto) }),
  ]),
  [
    "Conv by channel",
    convolved([2, 4, 6, 6], [8, 1, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }),
  ],
  [
    "Conv with SAME_UPPER and strides beyond its kernel",
    convolved([2, 2, 8, 7], [3, 2, 1, 1], { auto_pad: string("SAME_UPPER"), strides: ints([2, 3]) }),
  ],
  ["Conv over three axes", convolved([1, 2, 4, 5, 4], [3, 2, 2, 2, 2], { strides: ints([1, 2, 1]) })],
  [
    "Clip's bounds",
    {
      inputs: [[5], [], []],
      build: (graph) => graph.emit("Clip", ["x0", "x1", "x2"]),
      values: (_, __, i) => [[-2, -1.5, 0, 1.7, 1.9], [-1], [1]][i],
    },
  ],
  ["Pow with a whole exponent", { inputs: [[4]], build: (graph) => graph.emit("Pow", ["x0", graph.ints([3])]) }],
  ...[0, 2].map((exponent): [string, Omit<Case, "seed">] => [
    `Pow of zero with the exponent ${exponent}`,
    {
      inputs: [[3]],
      build: (graph, dtype) => graph.emit("Pow", ["x0", graph.scalar(dtype, exponent)]),
      values: () => [0, 0, 0],
    },
  ]),
  ["Sum that stretches", { inputs: [[3, 1], [4], []], build: (graph) => graph.emit("Sum", ["x0", "x1", "x2"]) }],
  ["Transpose that reverses the axes", { inputs: [[2, 3, 4]], build: (graph) => graph.emit("Transpose", ["x0"]) }],
  ["Squeeze of every axis of one", { inputs: [[2, 1, 3, 1]], build: (graph) => graph.emit("Squeeze", ["x0"]) }],
  [
    "Slice without axes, beyond the ends",
    sliced(
      [4, 3],
      [
        [-9, 1],
        [999, -1],
      ],
    ),
  ],
  [
    "Slice backwards from beyond the end",
    sliced(
      [7, 3],
      [
        [99, -1],
        [-99, -99],
        [0, -1],
        [-3, -1],
      ],
    ),
  ],
  [
    "Slice by steps that leave a rest",
    sliced(
      [8, 5],
      [
        [1, 0],
        [8, 5],
        [0, 1],
        [3, 2],
      ],
    ),
  ],
];

/** Windows that hang over the padding, as rounding the output's size up lets them. */
function overhanging(): [string, Omit<Case, "seed">][] {
  const windows: [kernel: number, stride: number, pads: number[], size: number][] = [
    [3, 2, [0, 0, 0, 0], 8],
    [3, 2, [1, 1, 1, 1], 8],
    [3, 2, [0, 1, 1, 0], 7],
    [2, 3, [1, 1, 1, 1], 9],
  ];
  return windows.flatMap(([kernel, stride, pads, size]) => {
    const attributes = {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints(pads),
      ceil_mode: int(1),
    };
    const dims = [2, 2, size, size];
    const named = `${kernel}x${kernel}, stride ${stride}, pads ${pads}, over ${size}x${size} with ceil_mode`;
    return [
      [`MaxPool ${named}`, pooled("MaxPool", dims, attributes)],
      [`AveragePool ${named}`, pooled("AveragePool", dims, attributes)],
      [
        `AveragePool ${named}, padding included`,
        pooled("AveragePool", dims, { ...attributes, count_include_pad: int(1) }),
      ],
    ];
  });
}

function pooled(op: string, dims: number[], attributes: Attributes): Omit<Case, "seed"> {
  const build = (graph: GraphBuilder) => graph.emit(op, ["x0"], attributes);
  const own: Partial<Case> = op === "MaxPool" ? { values: distinct, step: 0.25 } : { step: 1 };
  return { inputs: [dims], build, dtype: "float32", ...own };
}

function convolved(input: number[], filter: number[], attributes: Attributes): Omit<Case, "seed"> {
  const build = (graph: GraphBuilder) => graph.emit("Conv", ["x0", "x1"], attributes);
  return { inputs: [input, filter], build, dtype: "float32", step: 1 };
}

function sliced(dims: number[], lists: number[][]): Omit<Case, "seed"> {
  return { inputs: [dims], build: (graph) => graph.emit("Slice", ["x0", ...lists.map((list) => graph.ints(list))]) };
}

describe("gradients at the edges of the operators' definitions", () => {
  it.each(cases)("%s", async (_, given) => {
    for (let seed = 0; seed < 2; seed++) await checkGradient({ ...given, seed });
  });
});

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
    expect(() => differentiate(model, "loss", ["x"])).toThrow(/operator set 13, .*upgrade it first/);
  });
});
