import { type Attribute, float, int, ints, string } from "../../../espalier/src/onnx/attributes.ts";
import { sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import type { Draft, Drawn, Known, Made } from "./draft.ts";

/** Draws a node for a graph, or none where nothing fits. */
export type Maker = (draft: Draft) => Made | undefined;

const dtypeOf = (known: Known) => known.tensor.dtype as Drawn;

/** Functions of each element that carry a small error on as a small one. */
const SMOOTH = [
  "Relu",
  "Sigmoid",
  "Tanh",
  "Erf",
  "Neg",
  "Abs",
  "Softplus",
  "Softsign",
  "HardSigmoid",
  "LeakyRelu",
  "Elu",
];
/** And those that are drawn on exact numbers only. */
const STEEP = [
  "Exp",
  "Ceil",
  "Floor",
  "Sign",
  "Sin",
  "Cos",
  "Atan",
  "Sinh",
  "Cosh",
  "Asinh",
  "Selu",
  "Celu",
  "Round",
  "ThresholdedRelu",
  "HardSwish",
  "Shrink",
  "Mish",
];

const smooth: Maker = (d) => ({ op: d.of(SMOOTH), inputs: [d.floats()], exact: false });
const steep: Maker = (d) => ({ op: d.of(STEEP), inputs: [d.floats(0, 4, true)] });
const relu: Maker = (d) => ({ op: "Relu", inputs: [d.floats()], exact: true });
const positive: Maker = (d) => ({
  op: d.of(["Log", "Sqrt", "Reciprocal"]),
  inputs: [d.operand("float32", d.dims(), { low: 1, high: 5 })],
});

const arithmetic: Maker = (d): Made | undefined => {
  const a = d.pick(
    ({ tensor: { dtype } }) => dtype === "float32" || dtype === "int64" || dtype === "int32",
    () => d.operand(d.of(["float32", "int64", "int32"]), d.dims()),
  );
  const op = d.of(["Add", "Sub", "Mul", "Div", "Max", "Min"]);
  const low = op === "Div" ? 1 : -4;
  const same = d.pick(
    ({ tensor }) => op !== "Div" && tensor.dtype === a.tensor.dtype && tensor.dims.join() === a.tensor.dims.join(),
    () => d.operand(dtypeOf(a), d.smaller(a.tensor.dims), { low, high: 4 }),
  );
  return { op, inputs: op !== "Div" && d.chance(0.3) ? [same, a] : [a, same], exact: op !== "Div" && op !== "Mul" };
};

const variadic: Maker = (d): Made | undefined => {
  const a = d.floats();
  const others = Array.from({ length: d.below(3) }, () => d.operand("float32", d.smaller(a.tensor.dims)));
  return { op: d.of(["Sum", "Mean", "Max", "Min"]), inputs: [a, ...others] };
};

const comparison: Maker = (d): Made | undefined => {
  const dtype = d.of(["float32", "int64", "int32"] as const);
  const a = d.pick(
    (known) => known.exact && known.tensor.dtype === dtype,
    () => d.operand(dtype, d.dims()),
  );
  const op = d.of(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]);
  return { op, inputs: [a, d.operand(dtype, d.smaller(a.tensor.dims))], exact: true };
};

const logic: Maker = (d): Made | undefined => {
  const a = d.pick(
    ({ tensor }) => tensor.dtype === "bool",
    () => d.operand("bool", d.dims()),
  );
  if (d.chance(0.3)) return { op: "Not", inputs: [a], exact: true };
  return { op: d.of(["And", "Or", "Xor"]), inputs: [a, d.operand("bool", d.smaller(a.tensor.dims))], exact: true };
};

const where: Maker = (d): Made | undefined => {
  const x = d.any();
  const condition = d.operand("bool", d.smaller(x.tensor.dims));
  const y = d.operand(dtypeOf(x), d.smaller(x.tensor.dims));
  return { op: "Where", inputs: d.chance(0.5) ? [condition, x, y] : [condition, y, x], exact: true };
};

const cast: Maker = (d): Made | undefined => {
  const x = d.pick(
    ({ exact }) => exact,
    () => d.operand("float32", d.dims()),
  );
  return { op: "Cast", inputs: [x], attributes: { to: int(d.of([1, 6, 7, 9, 11])) }, exact: true };
};

const clip: Maker = (d): Made | undefined => {
  const x = d.floats();
  if (d.set < 11) return { op: "Clip", inputs: [x], attributes: { min: float(-1), max: float(2) }, exact: true };
  const bound = (low: number) => (d.chance(0.3) ? undefined : d.operand("float32", [], { low, high: low + 2 }));
  return { op: "Clip", inputs: [x, bound(-3), bound(1)], exact: true };
};

const probability: Maker = (d): Made | undefined => {
  const x = d.floats(1, 4);
  return {
    op: d.of(["Softmax", "LogSoftmax"]),
    inputs: [x],
    attributes: d.chance(0.7) ? { axis: int(d.axis(x.tensor.dims.length)) } : undefined,
  };
};

const REDUCTIONS = [
  "ReduceSum",
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceProd",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
];

const reduction: Maker = (d): Made | undefined => {
  const op = d.of(REDUCTIONS);
  const x = d.pick(
    ({ tensor: { dtype, dims } }) =>
      dims.length > 0 && (dtype === "float32" || (dtype === "int32" && op === "ReduceSum")),
    () => d.operand("float32", d.dims(1, 4)),
  );
  const rank = x.tensor.dims.length;
  const axes = [...x.tensor.dims.keys()]
    .filter(() => d.chance(0.5))
    .map((axis) => (d.chance(0.5) ? axis - rank : axis));
  const attributes: Record<string, Attribute> = d.chance(0.5) ? { keepdims: int(d.below(2)) } : {};
  if (axes.length === 0) return { op, inputs: [x], attributes };
  if (d.set >= (op === "ReduceSum" ? 13 : 18)) return { op, inputs: [x, d.list(axes)], attributes };
  return { op, inputs: [x], attributes: { ...attributes, axes: ints(axes) } };
};

const transpose: Maker = (d): Made | undefined => {
  const x = d.any();
  const order = [...x.tensor.dims.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = d.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return { op: "Transpose", inputs: [x], attributes: d.chance(0.2) ? undefined : { perm: ints(order) }, exact: true };
};

const reshape: Maker = (d): Made | undefined => {
  const x = d.any();
  const { dims } = x.tensor;
  const size = sizeOf(dims);
  const shapes = [
    [-1],
    [size],
    [1, -1],
    [0, -1].slice(0, dims.length),
    [...dims, 1],
    dims.map((dim, i) => (i === 0 ? -1 : dim)),
  ];
  return { op: "Reshape", inputs: [x, d.list(d.of(shapes))], exact: true };
};

const names: Maker = (d): Made | undefined => {
  const x = d.any();
  const { dims } = x.tensor;
  const rank = dims.length;
  const op = d.of(["Flatten", "Squeeze", "Unsqueeze", "Identity", "Shape", "Size", "Dropout"]);
  if (op === "Flatten") return { op, inputs: [x], attributes: { axis: int(d.between(-rank, rank)) }, exact: true };
  if (op === "Shape" && d.set >= 15)
    return { op, inputs: [x], attributes: { start: int(d.between(-2, 2)), end: int(d.between(-2, 5)) }, exact: true };
  if (op === "Dropout" && x.tensor.dtype !== "float32") return undefined;
  if (op !== "Squeeze" && op !== "Unsqueeze") return { op, inputs: [x], exact: true };
  const ones = [...dims.keys()].filter((axis) => dims[axis] === 1);
  const axes = op === "Squeeze" ? ones.filter(() => d.chance(0.5)) : [d.between(0, rank)];
  if (axes.length === 0) return { op: "Identity", inputs: [x], exact: true };
  if (d.set >= 13) return { op, inputs: [x, d.list(axes)], exact: true };
  return { op, inputs: [x], attributes: { axes: ints(axes) }, exact: true };
};

const slice: Maker = (d): Made | undefined => {
  const x = d.any(1, 4);
  const rank = x.tensor.dims.length;
  const axes = [...x.tensor.dims.keys()].filter(() => d.chance(0.6));
  if (axes.length === 0) return undefined;
  const starts = axes.map(() => d.between(-6, 4));
  const ends = axes.map(() => d.of([-7, -3, -1, 1, 2, 3, 5, 100]));
  const signed = axes.map((axis) => (d.chance(0.3) ? axis - rank : axis));
  if (d.set < 10) {
    return {
      op: "Slice",
      inputs: [x],
      attributes: { starts: ints(starts), ends: ints(ends), axes: ints(axes) },
      exact: true,
    };
  }
  const type = d.of(["int64", "int32"] as const);
  const steps = d.chance(0.5)
    ? d.list(
        axes.map(() => d.of([-2, -1, 1, 1, 2, 3])),
        type,
      )
    : undefined;
  return {
    op: "Slice",
    inputs: [x, d.list(starts, type), d.list(ends, type), d.list(signed, type), ...(steps ? [steps] : [])],
    exact: true,
  };
};

const split: Maker = (d): Made | undefined => {
  const x = d.any(1, 4);
  const axis = d.below(x.tensor.dims.length);
  const length = x.tensor.dims[axis];
  if (length < 2) return undefined;
  const first = d.between(1, length - 1);
  const attributes = { axis: int(d.chance(0.5) ? axis : axis - x.tensor.dims.length) };
  if (d.set < 13) {
    return {
      op: "Split",
      inputs: [x],
      attributes: { ...attributes, split: ints([first, length - first]) },
      outputs: 2,
      exact: true,
    };
  }
  return { op: "Split", inputs: [x, d.list([first, length - first])], attributes, outputs: 2, exact: true };
};

const concat: Maker = (d): Made | undefined => {
  const x = d.any(1, 4);
  const axis = d.below(x.tensor.dims.length);
  const others = Array.from({ length: d.between(1, 2) }, () =>
    d.pick(
      ({ tensor: { dtype, dims } }) =>
        dtype === x.tensor.dtype &&
        dims.length === x.tensor.dims.length &&
        dims.every((dim, i) => i === axis || dim === x.tensor.dims[i]),
      () =>
        d.operand(
          dtypeOf(x),
          x.tensor.dims.map((dim, i) => (i === axis ? d.between(1, 3) : dim)),
        ),
    ),
  );
  return { op: "Concat", inputs: [x, ...others], attributes: { axis: int(axis) }, exact: true };
};

const repeat: Maker = (d): Made | undefined => {
  const x = d.any(1, 4);
  if (d.chance(0.5)) return { op: "Tile", inputs: [x, d.list(x.tensor.dims.map(() => d.between(1, 2)))], exact: true };
  const shape = x.tensor.dims.map((dim) => (dim === 1 ? d.between(1, 3) : dim));
  return { op: "Expand", inputs: [x, d.list(d.chance(0.3) ? [2, ...shape] : shape)], exact: true };
};

const pad: Maker = (d): Made | undefined => {
  const x = d.floats(1, 4);
  const { dims } = x.tensor;
  const mode = d.of(["constant", "constant", "reflect", "edge"]);
  const pads = [...dims, ...dims].map((dim) =>
    mode === "constant" ? d.between(-1, 2) : d.between(0, Math.min(2, dim - 1)),
  );
  if (dims.some((dim, i) => dim + pads[i] + pads[i + dims.length] < 1)) return undefined;
  if (d.set < 11) {
    return {
      op: "Pad",
      inputs: [x],
      attributes: { mode: string(mode), pads: ints(pads), value: float(0.5) },
      exact: true,
    };
  }
  const value = d.chance(0.5) ? [d.operand("float32", [])] : [];
  return { op: "Pad", inputs: [x, d.list(pads), ...value], attributes: { mode: string(mode) }, exact: true };
};

const gather: Maker = (d): Made | undefined => {
  const x = d.any(1, 3);
  const { dims } = x.tensor;
  const axis = d.below(dims.length);
  const type = d.of(["int64", "int32"] as const);
  const bounds = { low: -dims[axis], high: dims[axis] - 1 };
  if (d.chance(0.5) || d.set < 11) {
    return {
      op: "Gather",
      inputs: [x, d.operand(type, d.dims(0, 2), bounds)],
      attributes: { axis: int(axis) },
      exact: true,
    };
  }
  const shape = dims.map((dim, i) => (i === axis ? d.between(1, 4) : d.between(1, dim)));
  return {
    op: "GatherElements",
    inputs: [x, d.operand(type, shape, bounds)],
    attributes: { axis: int(axis) },
    exact: true,
  };
};

const matmul: Maker = (d): Made | undefined => {
  const a = d.floats(1, 4);
  const inner = a.tensor.dims.at(-1) ?? 1;
  const columns = d.between(1, 6);
  const lead = d.chance(0.7) ? [] : d.smaller(a.tensor.dims.slice(0, -2));
  const b = d.operand("float32", d.chance(0.1) ? [inner] : [...lead, inner, columns], { low: -2, high: 2 });
  return { op: "MatMul", inputs: [a, b] };
};

const gemm: Maker = (d): Made | undefined => {
  const a = d.floats(2, 2);
  const [transA, transB] = [d.below(3) === 0, d.chance(0.5)];
  const [rows, inner] = transA ? [...a.tensor.dims].reverse() : a.tensor.dims;
  const columns = d.between(1, 6);
  const b = d.operand("float32", transB ? [columns, inner] : [inner, columns], { low: -2, high: 2 });
  const c = d.set >= 11 && d.chance(0.2) ? [] : [d.operand("float32", d.smaller([rows, columns]))];
  const attributes = {
    transA: int(transA ? 1 : 0),
    transB: int(transB ? 1 : 0),
    ...(d.chance(0.4) ? { alpha: float(0.5), beta: float(2) } : {}),
  };
  return { op: "Gemm", inputs: [a, b, ...c], attributes };
};

/** Strides, dilations and padding for windows over an image. */
function windows(d: Draft, image: readonly number[], kernel: readonly number[]): Record<string, Attribute> {
  const attributes: Record<string, Attribute> = {};
  if (d.chance(0.5)) attributes.strides = ints(image.map(() => d.between(1, 3)));
  if (d.chance(0.3)) attributes.auto_pad = string(d.of(["SAME_UPPER", "SAME_LOWER", "VALID"]));
  else if (d.chance(0.6))
    attributes.pads = ints([...image, ...image].map((_, i) => d.between(0, Math.min(1, kernel[i % image.length] - 1))));
  return attributes;
}

function image(d: Draft): Known {
  return d.pick(
    ({ tensor: { dtype, dims } }) => dtype === "float32" && dims.length >= 3 && dims.length <= 5,
    () => {
      const axes = d.of([1, 2, 2, 2, 3]);
      return d.operand("float32", [
        d.between(1, 2),
        d.between(1, 4),
        ...Array.from({ length: axes }, () => d.between(3, 8)),
      ]);
    },
  );
}

const convolution: Maker = (d): Made | undefined => {
  const x = image(d);
  const [, channels, ...places] = x.tensor.dims;
  const group = d.chance(0.3) ? d.of([1, 2, 3, 4].filter((count) => channels % count === 0)) : 1;
  const kernel = places.map((dim) => d.between(1, Math.min(3, dim)));
  const attributes = windows(d, places, kernel);
  if (d.chance(0.3)) attributes.dilations = ints(places.map(() => d.between(1, 2)));
  if (group > 1) attributes.group = int(group);
  const up = d.chance(0.3);
  const filters = group * d.between(1, 3);
  const shape = up ? [channels, filters / group, ...kernel] : [filters, channels / group, ...kernel];
  const w = d.operand("float32", shape, { low: -1, high: 1 });
  const b = d.chance(0.6) ? [d.operand("float32", [filters])] : [];
  if (up && "auto_pad" in attributes) delete attributes.auto_pad;
  return { op: up ? "ConvTranspose" : "Conv", inputs: [x, w, ...b], attributes };
};

const pool: Maker = (d): Made | undefined => {
  const x = image(d);
  const places = x.tensor.dims.slice(2);
  const op = d.of(["MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]);
  if (op.startsWith("Global")) return { op, inputs: [x] };
  const kernel = places.map((dim) => d.between(1, Math.min(3, dim)));
  const attributes: Record<string, Attribute> = { kernel_shape: ints(kernel), ...windows(d, places, kernel) };
  if (d.set >= 10 && d.chance(0.3)) attributes.ceil_mode = int(1);
  // ONNX Runtime also takes windows that are longer than the image, of which there are none.
  const wide = places.map((dim, axis) => (kernel[axis] - 1) * 2 + 1 <= dim);
  if (d.set >= 10 && op === "MaxPool" && d.chance(0.3)) {
    attributes.dilations = ints(wide.map((fits) => (fits ? d.between(1, 2) : 1)));
  }
  if (op === "AveragePool" && d.chance(0.3)) attributes.count_include_pad = int(1);
  return { op, inputs: [x], attributes, exact: op === "MaxPool" };
};

const normalization: Maker = (d): Made | undefined => {
  const x = image(d);
  const channels = [x.tensor.dims[1]];
  const vector = (low = -2, high = 2) => d.operand("float32", channels, { low, high });
  const op = d.of(["BatchNormalization", "InstanceNormalization", "LRN", "LayerNormalization"]);
  if (op === "LRN") return { op, inputs: [x], attributes: { size: int(d.of([1, 3, 5])), bias: float(2) } };
  if (op === "InstanceNormalization")
    return { op, inputs: [x, vector(), vector()], attributes: { epsilon: float(0.1) } };
  if (op === "BatchNormalization") return { op, inputs: [x, vector(), vector(), vector(), vector(1, 3)] };
  if (d.set < 17) return undefined;
  const axis = d.between(1, x.tensor.dims.length - 1);
  const shape = x.tensor.dims.slice(axis);
  const bias = d.chance(0.5) ? [d.operand("float32", shape)] : [];
  return {
    op,
    inputs: [x, d.operand("float32", shape), ...bias],
    attributes: { axis: int(axis), epsilon: float(0.1) },
  };
};

const recurrent: Maker = (d): Made | undefined => {
  const x = d.floats(3, 3);
  const [time, batch, width] = x.tensor.dims;
  const op = d.of(["LSTM", "GRU", "RNN"]);
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op] ?? 1;
  const size = d.between(1, 4);
  const direction = d.of(["forward", "reverse", "bidirectional"]);
  const ways = direction === "bidirectional" ? 2 : 1;
  const weights = (dims: readonly number[]) => d.operand("float32", dims, { low: -1, high: 1 });
  const maybe = (make: () => Known) => (d.chance(0.4) ? make() : undefined);
  const attributes: Record<string, Attribute> = { hidden_size: int(size), direction: string(direction) };
  if (op === "GRU" && d.chance(0.5)) attributes.linear_before_reset = int(1);
  if (d.chance(0.2)) attributes.clip = float(0.75);
  const lengths = maybe(() => d.operand("int32", [batch], { low: time, high: time }));
  const state = () => weights([ways, batch, size]);
  const inputs = [
    x,
    weights([ways, gates * size, width]),
    weights([ways, gates * size, size]),
    maybe(() => weights([ways, 2 * gates * size])),
    lengths,
    maybe(state),
    ...(op === "LSTM" ? [maybe(state), maybe(() => weights([ways, 3 * size]))] : []),
  ];
  return { op, inputs, attributes, outputs: op === "LSTM" ? 3 : 2 };
};

const order: Maker = (d): Made | undefined => {
  const x = d.floats(1, 4, true);
  const rank = x.tensor.dims.length;
  const axis = d.axis(rank);
  const op = d.of(["ArgMax", "ArgMin", "TopK", "CumSum", "NonZero"]);
  if (op === "NonZero") return d.set >= 9 ? { op, inputs: [x], exact: true } : undefined;
  if (op === "CumSum") {
    if (d.set < 11) return undefined;
    const at = d.place({ dtype: "int64", dims: [], data: BigInt64Array.of(BigInt(axis)) });
    return { op, inputs: [x, at], attributes: { exclusive: int(d.below(2)), reverse: int(d.below(2)) } };
  }
  if (op !== "TopK")
    return { op, inputs: [x], attributes: { axis: int(axis), keepdims: int(d.below(2)) }, exact: true };
  if (d.set < 11) return undefined;
  const k = d.between(1, x.tensor.dims.at(axis) ?? 1);
  return {
    op,
    inputs: [x, d.list([k])],
    attributes: { axis: int(axis), largest: int(d.below(2)) },
    outputs: 2,
    exact: true,
  };
};

const resize: Maker = (d): Made | undefined => {
  if (d.set < 11) return undefined;
  const x = d.floats(3, 4);
  const mode = d.of(["nearest", "linear"]);
  const places = x.tensor.dims.slice(2);
  const attributes = {
    mode: string(mode),
    coordinate_transformation_mode: string(d.of(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])),
    ...(mode === "nearest"
      ? { nearest_mode: string(d.of(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])) }
      : {}),
  };
  const none = d.place({ dtype: "float32", dims: [0], data: new Float32Array(0) }, "constant");
  if (d.chance(0.5)) {
    const sizes = d.list([...x.tensor.dims.slice(0, 2), ...places.map(() => d.between(1, 9))]);
    return { op: "Resize", inputs: [x, none, none, sizes], attributes };
  }
  const scales = Float32Array.from([1, 1, ...places.map(() => d.of([1, 2, 3]))]);
  return {
    op: "Resize",
    inputs: [x, none, d.place({ dtype: "float32", dims: [scales.length], data: scales })],
    attributes,
  };
};

const scatter: Maker = (d): Made | undefined => {
  if (d.set < 11) return undefined;
  const x = d.floats(1, 3);
  const { dims } = x.tensor;
  // One place is written once, so that the order does not matter.
  const row = d.between(-dims[0], dims[0] - 1);
  if (d.chance(0.5))
    return {
      op: "ScatterND",
      inputs: [
        x,
        d.place({ dtype: "int64", dims: [1, 1], data: BigInt64Array.of(BigInt(row)) }),
        d.operand("float32", [1, ...dims.slice(1)]),
      ],
      exact: true,
    };
  const shape = [1, ...dims.slice(1)];
  const indices = d.operand(d.of(["int64", "int32"]), shape, { low: row, high: row });
  return {
    op: "ScatterElements",
    inputs: [x, indices, d.operand("float32", shape)],
    attributes: { axis: int(0) },
    exact: true,
  };
};

const prelu: Maker = (d): Made | undefined => {
  const x = d.floats();
  return { op: "PRelu", inputs: [x, d.operand("float32", d.smaller(x.tensor.dims))] };
};

/** All makers; those that fusions are about come up more often. */
export const makers: readonly Maker[] = [
  smooth,
  steep,
  positive,
  arithmetic,
  arithmetic,
  variadic,
  comparison,
  logic,
  where,
  cast,
  clip,
  probability,
  reduction,
  transpose,
  reshape,
  names,
  slice,
  split,
  concat,
  repeat,
  pad,
  gather,
  matmul,
  matmul,
  gemm,
  gemm,
  convolution,
  convolution,
  pool,
  normalization,
  recurrent,
  order,
  resize,
  scatter,
  prelu,
  relu,
  relu,
];
