import { float, int, ints, string } from "../../src/onnx/attributes.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { type Build, binary, images, Net, since, tokens, UNITS, unary, withVector } from "./net.ts";

/** Operators of one operand that take any number. */
const ANYWHERE = [
  ...[
    "Relu",
    "LeakyRelu",
    "Elu",
    "Celu",
    "Selu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Mish",
    "ThresholdedRelu",
  ],
  ...[
    "Softplus",
    "Softsign",
    "Shrink",
    "Neg",
    "Abs",
    "Identity",
    "Dropout",
    "Erf",
    "Exp",
    "Ceil",
    "Floor",
    "Round",
    "Sign",
  ],
  ...["Sin", "Cos", "Sinh", "Cosh", "Asinh", "Atan"],
];

const each = (ops: readonly string[], build: (op: string) => Build): Record<string, Build> =>
  Object.fromEntries(ops.map((op) => [op, build(op)]));

/** Networks of which units are followed all the way. */
export const followed: Readonly<Record<string, Build>> = {
  ...each(ANYWHERE, (op) => unary(op)),
  ...each(["Acosh", "Log", "Sqrt", "Reciprocal"], (op) =>
    tokens((net, value) => net.emit(op, [net.emit("Add", [net.emit("Abs", [value]), net.number(1.5)])])),
  ),
  ...each(["Acos", "Asin", "Atanh", "Tan"], (op) =>
    tokens((net, value) => net.emit(op, [net.emit("Mul", [net.emit("Tanh", [value]), net.number(0.5)])])),
  ),
  Gelu: since(20, unary("Gelu")),
  Swish: since(24, unary("Swish")),
  Mod: tokens((net, value) => net.emit("Mod", [value, net.number(2)], { fmod: int(1) })),
  Where: tokens((net, value) => {
    const chosen = net.graph.initializer("chosen", {
      dtype: "bool",
      dims: [6, 1],
      data: Uint8Array.of(1, 0, 1, 0, 0, 1),
    });
    return net.emit("Where", [chosen, value, net.number(0.5)]);
  }),
  "LogSoftmax over the tokens": unary("LogSoftmax", { axis: int(1) }),
  "LpNormalization of the tokens": unary("LpNormalization", { axis: int(1) }),
  ...each(
    ["ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"],
    (op) => tokens((net, value) => net.emit(op, [value, net.graph.ints([1])])),
  ),
  "ReduceLogSum of the tokens": tokens((net, value) =>
    net.emit("ReduceLogSum", [net.emit("Exp", [value]), net.graph.ints([1])], { keepdims: int(0) }),
  ),
  ...each(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"], (op) => (net) => {
    const value = net.emit(op, [net.conv(net.input(["batch", 3, 4, 4]), 3)]);
    return net.dense(net.emit("Flatten", [value]), UNITS, 3);
  }),
  LpPool: images((net, value) => net.emit("LpPool", [value], { kernel_shape: ints([2, 2]) })),
  Upsample: since(
    9,
    images((net, value) =>
      net.emit("Upsample", [value, net.graph.initializer("fixed", float32([4], Float32Array.of(1, 1, 2, 2)))]),
    ),
  ),
  Clip: tokens((net, value) => net.emit("Clip", [value, net.number(-0.5), net.number(0.5)])),
  Cast: unary("Cast", { to: int(1) }),
  ...Object.fromEntries(["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"].map((op) => [`${op} of two`, binary(op)])),
  ...Object.fromEntries(["Add", "Sub", "Mul", "Max", "Min"].map((op) => [`${op} of a vector`, withVector(op)])),
  "Div by a vector": tokens((net, value) =>
    net.emit("Div", [
      value,
      net.graph.initializer(
        "fixed",
        float32(
          [UNITS],
          Float32Array.from({ length: UNITS }, (_, i) => i + 1),
        ),
      ),
    ]),
  ),
  "a number that others read too": tokens((net, value) => {
    const two = net.number(2);
    return net.emit("Mul", [net.emit("Pow", [value, two]), two]);
  }),
  PRelu: tokens((net, value) => net.emit("PRelu", [value, net.weights(UNITS)])),
  "Softmax over the tokens": unary("Softmax", { axis: int(1) }),
  "LayerNormalization of the tokens": tokens((net, value) => {
    const turned = net.emit("Transpose", [value], { perm: ints([0, 2, 1]) });
    const normalized = net.emit("LayerNormalization", [turned, net.weights(6), net.weights(6)]);
    return net.emit("Transpose", [normalized], { perm: ints([0, 2, 1]) });
  }),
  "Reshape that names the units": tokens((net, value) => net.shaped(value, -1, 3, UNITS)),
  "Reshape by zeros": tokens((net, value) => net.shaped(net.shaped(value, 0, -1, 0), 0, 2, 3, UNITS)),
  "Reshape to one axis and back": tokens((net, value) => net.shaped(net.shaped(value, -1, 6 * UNITS), -1, 6, UNITS)),
  "Reshape of all to one": (net) => {
    const value = net.dense(net.input(["batch", 6, 5]), 5);
    return net.dense(net.shaped(net.emit("Relu", [value]), 0, -1), 6 * UNITS, 3);
  },
  "Unsqueeze and Squeeze": tokens((net, value) => {
    const wide = net.emit("Unsqueeze", [value, net.graph.ints([2])]);
    return net.emit("Squeeze", [wide, net.graph.ints([2])]);
  }),
  "Slice of the tokens": tokens((net, value) =>
    net.emit("Slice", [value, net.graph.ints([1]), net.graph.ints([5]), net.graph.ints([1])]),
  ),
  "Pad of the tokens": tokens((net, value) => net.emit("Pad", [value, net.graph.ints([0, 1, 0, 0, 2, 0])])),
  "ReduceMean of the tokens": tokens((net, value) =>
    net.emit("ReduceMean", [value, net.graph.ints([1])], { keepdims: int(0) }),
  ),
  "Gather of a token": tokens((net, value) => net.emit("Gather", [value, net.graph.ints([2, 0])], { axis: int(1) })),
  "Concat of units": (net) => {
    const x = net.input(["batch", 6, 5]);
    return net.dense(net.emit("Concat", [net.dense(x, 5), x, net.dense(x, 5)], { axis: int(2) }), 2 * UNITS + 5, 3);
  },
  "Concat of tokens": tokens((net, value) => net.emit("Concat", [net.emit("Relu", [value]), value], { axis: int(1) })),
  "Split of units": tokens((net, value) => {
    const [one, other] = net.graph.emitMany("Split", [value], { axis: int(2), num_outputs: int(2) }, 2);
    return net.emit("Concat", [net.emit("Relu", [other]), one], { axis: int(-1) });
  }),
  "Split in sizes": tokens((net, value) => {
    const parts = net.graph.emitMany("Split", [value, net.graph.ints([3, 5])], { axis: int(2) }, 2);
    return net.emit("Concat", parts, { axis: int(2) });
  }),
  "a Gemm in rows": (net) => {
    const value = net.emit("Relu", [
      net.emit("Gemm", [net.input(["batch", 5]), net.weights(UNITS, 5), net.weights(1, UNITS)], { transB: int(1) }),
    ]);
    return net.emit("Gemm", [value, net.weights(UNITS, 3), net.weights(3)]);
  },
  "a Gemm that scales": (net) => {
    const first = net.emit("Gemm", [net.input(["batch", 5]), net.weights(5, UNITS)], { alpha: float(2) });
    return net.emit("Gemm", [net.emit("Relu", [first]), net.weights(UNITS, 3), net.weights(3)], { beta: float(3) });
  },
  "a product from the left": (net) => {
    const value = net.emit("MatMul", [net.weights(UNITS, 6), net.input(["batch", 6, 5])]);
    return net.emit("MatMul", [
      net.weights(3, UNITS),
      net.emit("Relu", [net.emit("Add", [net.weights(UNITS, 1), value])]),
    ]);
  },
  "a convolution behind one": images((net, value) => net.emit("Relu", [value])),
  "a padded one": images((net, value) =>
    net.emit("Relu", [net.conv(value, UNITS, UNITS, "Conv", { pads: ints([1, 1, 0, 0]) })]),
  ),
  "convolutions in groups": images((net, value) =>
    net.emit("Relu", [net.conv(value, UNITS, UNITS, "Conv", { group: int(2) })]),
  ),
  "a depthwise convolution": images((net, value) => net.conv(value, UNITS, UNITS, "Conv", { group: int(UNITS) })),
  ...Object.fromEntries(
    [1, 2, UNITS].map((groups) => [
      `ConvTranspose in ${groups} groups`,
      images((net, value) =>
        net.conv(value, UNITS, UNITS, "ConvTranspose", { strides: ints([2, 2]), group: int(groups) }),
      ),
    ]),
  ),
  MaxPool: images((net, value) => net.emit("MaxPool", [value], { kernel_shape: ints([2, 2]) })),
  AveragePool: images((net, value) =>
    net.emit("AveragePool", [value], {
      kernel_shape: ints([2, 2]),
      pads: ints([1, 1, 0, 0]),
      count_include_pad: int(1),
    }),
  ),
  Resize: images((net, value) =>
    net.emit("Resize", [value, "", net.graph.initializer("fixed", float32([4], Float32Array.of(1, 1, 2, 2)))], {
      mode: string("linear"),
    }),
  ),
  InstanceNormalization: images((net, value) =>
    net.emit("InstanceNormalization", [value, net.weights(UNITS), net.weights(UNITS)]),
  ),
  "BatchNormalization whose scale is zero": images((net, value) => {
    const variance = net.graph.initializer("fixed", float32([UNITS], new Float32Array(UNITS).fill(0.5)));
    return net.emit("BatchNormalization", [
      value,
      net.weights(UNITS),
      net.weights(UNITS),
      net.weights(UNITS),
      variance,
    ]);
  }),
  "Flatten to a Gemm": (net) => {
    const value = net.emit("Flatten", [net.conv(net.input(["batch", 3, 4, 4]), 3)]);
    return net.emit("Gemm", [value, net.weights(UNITS * 9, 3)]);
  },
  "a dense layer to channels": (net) => {
    const value = net.shaped(net.dense(net.input(["batch", 5]), 5, UNITS * 4), 0, UNITS, 2, 2);
    return net.conv(value, UNITS, 3, "ConvTranspose");
  },
  "channels that are shuffled": images((net, value) => {
    const groups = net.emit("Transpose", [net.shaped(value, 0, 2, UNITS / 2, 4, 4)], { perm: ints([0, 2, 1, 3, 4]) });
    return net.shaped(groups, 0, UNITS, 4, 4);
  }),
  "a mean of places": (net) => {
    const value = net.conv(net.input(["batch", 3, 4, 4]), 3);
    return net.dense(net.emit("ReduceMean", [value, net.graph.ints([2, 3])], { keepdims: int(0) }), UNITS, 3);
  },
  Einsum: (net) => {
    const heads = net.emit("Einsum", [net.input(["batch", 6, 5]), net.weights(5, 4, 3)], {
      equation: string("btd,dhk->bthk"),
    });
    return net.emit("Einsum", [net.weights(4, 3, 2), net.emit("Relu", [heads])], { equation: string("hko,bthk->bto") });
  },
  "an embedding": (net) => {
    const found = net.emit("Gather", [net.weights(9, UNITS), net.input(["batch", 6], "int64")]);
    return net.dense(net.emit("Add", [found, net.weights(6, UNITS)]), UNITS, 3);
  },
  "attention by heads": (net) => {
    const x = net.input(["batch", 6, 5]);
    const [q, k, v] = [0, 1, 2].map(() =>
      net.emit("Transpose", [net.shaped(net.dense(x, 5, 12), 0, 6, 4, 3)], { perm: ints([0, 2, 1, 3]) }),
    );
    const scores = net.emit("MatMul", [q, net.emit("Transpose", [k], { perm: ints([0, 1, 3, 2]) })]);
    const mixed = net.emit("MatMul", [net.emit("Softmax", [scores], { axis: int(-1) }), v]);
    return net.dense(net.shaped(net.emit("Transpose", [mixed], { perm: ints([0, 2, 1, 3]) }), 0, 6, 12), 12, 3);
  },
  "heads of queries, keys and values in one": (net) => {
    const x = net.input(["batch", 6, 5]);
    // [3, batch, heads, tokens, size]
    const parts = net.emit("Transpose", [net.shaped(net.dense(x, 5, 36), 0, 6, 3, 4, 3)], {
      perm: ints([2, 0, 3, 1, 4]),
    });
    const [q, k, v] = [0n, 1n, 2n].map((part) =>
      net.emit("Gather", [parts, net.graph.constant({ dtype: "int64", dims: [], data: BigInt64Array.of(part) })]),
    );
    const scores = net.emit("MatMul", [q, net.emit("Transpose", [k], { perm: ints([0, 1, 3, 2]) })]);
    const mixed = net.emit("MatMul", [net.emit("Softmax", [scores], { axis: int(-1) }), v]);
    return net.dense(net.shaped(net.emit("Transpose", [mixed], { perm: ints([0, 2, 1, 3]) }), 0, 6, 12), 12, 3);
  },
  "ReduceSum of the units": tokens((net, value) =>
    net.emit("Add", [value, net.emit("ReduceSum", [value, net.graph.ints([2])])]),
  ),
  "a product of two values over them": tokens((net, value) => {
    const turned = net.emit("Transpose", [value], { perm: ints([0, 2, 1]) });
    return net.emit("MatMul", [net.emit("MatMul", [value, turned]), value]);
  }),
  "Einsum of two values": tokens((net, value) => {
    const scores = net.emit("Einsum", [value, net.dense(net.input(["batch", 6, 5]), 5)], {
      equation: string("btd,bsd->bts"),
    });
    return net.emit("MatMul", [scores, value]);
  }),
  "Slice of units": tokens((net, value) => {
    const part = (first: number, end: number) =>
      net.emit("Slice", [value, net.graph.ints([first]), net.graph.ints([end]), net.graph.ints([-1])]);
    return net.emit("Concat", [net.emit("Relu", [part(3, 2 ** 31)]), part(0, 3)], { axis: int(2) });
  }),
  "Slice of units and tokens": tokens((net, value) => {
    const bounds = [
      [0, -4],
      [4, UNITS],
      [1, 2],
    ].map((list) => net.graph.ints(list));
    return net.emit(
      "Concat",
      [
        net.emit("Slice", [net.emit("Concat", [value, value], { axis: int(1) }), ...bounds]),
        net.dense(net.input(["batch", 4, 5]), 5, 4),
      ],
      { axis: int(2) },
    );
  }),
  "Resize to sizes": images((net, value) =>
    net.emit("Resize", [value, "", "", net.graph.ints([3, UNITS, 8, 8])], { mode: string("nearest") }),
  ),
  "the size of the batch": tokens((net, value) => {
    const first = net.graph.constant({ dtype: "int64", dims: [], data: BigInt64Array.of(0n) });
    const size = net.emit("Cast", [net.emit("Gather", [net.emit("Shape", [value]), first])], { to: int(1) });
    return net.emit("Mul", [value, size]);
  }),
  "a part of the shape": tokens((net, value) => {
    const sizes = net.emit("Slice", [net.emit("Shape", [value]), net.graph.ints([0]), net.graph.ints([2])]);
    const count = net.emit("ReduceProd", [net.emit("Cast", [sizes], { to: int(1) })], { keepdims: int(0) });
    return net.emit("Mul", [value, count]);
  }),
  ...Object.fromEntries(
    (
      [
        ["LSTM", 4],
        ["GRU", 3],
        ["RNN", 1],
      ] as const
    ).flatMap(([op, gates]) =>
      ["forward", "reverse", "bidirectional"].map(
        (direction) => [`${op} ${direction}`, recurrent(op, gates, direction)] as const,
      ),
    ),
  ),
};

/** Sequences [5, batch, features] whose last state too is read. */
function recurrent(op: string, gates: number, direction: string): Build {
  return (net) => {
    const x = net.dense(net.input([5, "batch", 3]), 3, 6);
    const directions = direction === "bidirectional" ? 2 : 1;
    const weights = [
      net.weights(directions, gates * UNITS, 6),
      net.weights(directions, gates * UNITS, UNITS),
      net.weights(directions, 2 * gates * UNITS),
    ];
    const attributes = { hidden_size: int(UNITS), direction: string(direction) };
    const [y, last] = net.graph.emitMany(op, [x, ...weights], attributes, 2);
    const first = net.emit("Gather", [y, net.graph.constant({ dtype: "int64", dims: [], data: BigInt64Array.of(0n) })]);
    return net.dense(net.emit("Add", [first, last]), UNITS, 3);
  };
}

/** Networks whose units are pinned: what reads them mixes them, or is not followed. */
export const pinned: Readonly<Record<string, Build>> = {
  "Softmax over the units": unary("Softmax", { axis: int(2) }),
  "LayerNormalization of the units": tokens((net, value) =>
    net.emit("LayerNormalization", [value, net.weights(UNITS), net.weights(UNITS)]),
  ),
  "MeanVarianceNormalization over the channels": images((net, value) =>
    net.emit("MeanVarianceNormalization", [value], { axes: ints([1, 2, 3]) }),
  ),
  "LRN of the channels": images((net, value) => net.emit("LRN", [value], { size: int(3) })),
  "RMSNormalization of the units": since(
    23,
    tokens((net, value) => net.emit("RMSNormalization", [value, net.weights(UNITS)])),
  ),
  "ReduceMean of the units": tokens((net, value) =>
    net.emit("Add", [value, net.emit("ReduceMean", [value, net.graph.ints([2])])]),
  ),
  "a product with a value without units": tokens((net, value) => {
    const other = net.emit("Transpose", [net.input(["batch", 6, UNITS])], { perm: ints([0, 2, 1]) });
    return net.emit("MatMul", [net.emit("MatMul", [value, other]), value]);
  }),
  "an unknown operator": tokens((net, value) =>
    net.emit("CumSum", [value, net.graph.constant({ dtype: "int64", dims: [], data: BigInt64Array.of(1n) })]),
  ),
  "a sum with an input": tokens((net, value) => net.emit("Add", [value, net.input(["batch", 6, UNITS])])),
  "Expand to a shape": tokens((net, value) => net.emit("Expand", [value, net.graph.ints([1, 6, UNITS])])),
  "a shape that is read": tokens((net, value) => net.emit("Reshape", [value, net.emit("Shape", [value])])),
  "GroupNormalization of the channels": images((net, value) =>
    net.emit("GroupNormalization", [value, net.weights(2), net.weights(2)], { num_groups: int(2) }),
  ),
  DepthToSpace: (net) => {
    const value = net.emit("DepthToSpace", [net.conv(net.input(["batch", 3, 5, 5]), 3)], { blocksize: int(2) });
    return net.conv(value, 2, 3);
  },
};

/** The operators that a network has. */
export function operatorsOf(build: Build): string[] {
  const net = new Net(1);
  build(net);
  return net.model.nodes.map(({ op }) => op);
}
