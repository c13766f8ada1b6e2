import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { type Attributes, float, int, ints, string } from "../../src/onnx/attributes.ts";
import type { GraphBuilder } from "../../src/onnx/builder.ts";
import { int64s, scalar } from "../../src/onnx/tensor.ts";
import { awayFrom, type Case, checkGradient, distinct, positive } from "./check-gradient.ts";

type Drawn = fc.Arbitrary<Omit<Case, "seed">>;

const dim = fc.integer({ min: 1, max: 4 });
const shape = (minLength = 0, maxLength = 4) => fc.array(dim, { minLength, maxLength });
const flag = fc.integer({ min: 0, max: 1 });

/** A shape and another that broadcasts with it: some dimensions one, some in front left out. */
const stretched = shape(1, 4).chain((full) =>
  fc
    .record({
      full: fc.constant(full),
      ones: fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
      lead: fc.integer({ min: 0, max: full.length }),
      swap: fc.boolean(),
    })
    .map(({ full: dims, ones, lead, swap }) => {
      const small = dims.map((size, axis) => (ones[axis] ? 1 : size)).slice(lead);
      return swap ? [small, dims] : [dims, small];
    }),
);

const unary = (op: string, more: Partial<Case> = {}, attributes: Attributes = {}): Drawn =>
  shape().map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit(op, ["x0"], attributes),
    ...more,
  }));

const binary = (op: string, more: Partial<Case> = {}): Drawn =>
  stretched.map((inputs) => ({ inputs, build: (graph: GraphBuilder) => graph.emit(op, ["x0", "x1"]), ...more }));

const alongAxis = (op: string): Drawn =>
  shape(1, 4).chain((dims) =>
    fc.integer({ min: -dims.length, max: dims.length - 1 }).map((axis) => ({
      inputs: [dims],
      build: (graph: GraphBuilder) => graph.emit(op, ["x0"], { axis: int(axis) }),
    })),
  );

const reduce = (op: string): Drawn =>
  shape(1, 4).chain((dims) =>
    fc
      .record({ axes: fc.subarray(dims.map((_, axis) => axis)), negative: fc.boolean(), keep: flag, noop: flag })
      .map(({ axes, negative, keep, noop }) => ({
        inputs: [dims],
        build: (graph: GraphBuilder) => {
          const given = axes.length ? [graph.ints(axes.map((axis) => (negative ? axis - dims.length : axis)))] : [];
          return graph.emit(op, ["x0", ...given], { keepdims: int(keep), noop_with_empty_axes: int(noop) });
        },
      })),
  );

const gemm: Drawn = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    a: flag,
    b: flag,
    alpha: fc.constantFrom(1, 0.5, -2),
    beta: fc.constantFrom(1, 0.25),
    c: fc.constantFrom("none", "scalar", "row", "column", "full"),
  })
  .map(({ m, k, n, a, b, alpha, beta, c }) => {
    const bias = { none: undefined, scalar: [], row: [n], column: [m, 1], full: [m, n] }[c];
    return {
      inputs: [a ? [k, m] : [m, k], b ? [n, k] : [k, n], ...(bias ? [bias] : [])],
      build: (graph) =>
        graph.emit("Gemm", ["x0", "x1", ...(bias ? ["x2"] : [])], {
          transA: int(a),
          transB: int(b),
          alpha: float(alpha),
          beta: float(beta),
        }),
    };
  });

const matmul: Drawn = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    stack: stretched,
    kind: fc.constantFrom("stacks", "matrices", "weights", "row", "column", "dot"),
  })
  .map(({ m, k, n, stack: [left, right], kind }) => ({
    inputs: {
      stacks: [
        [...left.slice(-2), m, k],
        [...right.slice(-2), k, n],
      ],
      matrices: [
        [m, k],
        [k, n],
      ],
      weights: [
        [...left.slice(-2), m, k],
        [k, n],
      ],
      row: [[k], [...right.slice(-2), k, n]],
      column: [[...left.slice(-2), m, k], [k]],
      dot: [[k], [k]],
    }[kind],
    build: (graph) => graph.emit("MatMul", ["x0", "x1"]),
  }));

interface Window {
  readonly size: readonly number[];
  readonly attributes: Attributes;
  readonly kernel: readonly number[];
}

/** Kernel, strides, padding and dilation over one or two axes that the kernel fits into. */
const windows = (options: { dilate: boolean; most: number; least?: number }): fc.Arbitrary<Window> =>
  fc.integer({ min: options.least ?? 1, max: 2 }).chain((rank) => {
    const list = (min: number, max: number) => fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc
      .record({
        kernel: list(1, options.most),
        strides: list(1, 3),
        dilations: options.dilate ? list(1, 2) : fc.constant(Array(rank).fill(1)),
        before: list(0, 1),
        after: list(0, 1),
        extra: list(0, 4),
        auto: fc.constantFrom("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
      })
      .map(({ kernel, strides, dilations, before, after, extra, auto }) => {
        const reach = kernel.map((size, i) => (size - 1) * dilations[i] + 1);
        // Padding must be smaller than the kernel, or a window would see nothing else.
        const low = before.map((pad, i) => Math.min(pad, kernel[i] - 1));
        const high = after.map((pad, i) => Math.min(pad, kernel[i] - 1));
        // The runtime refuses automatic padding with dilation, and with strides that leave elements out.
        const automatic =
          auto !== "NOTSET" && dilations.every((d) => d === 1) && strides.every((by, i) => by <= kernel[i]);
        const named: Attributes = !automatic ? { pads: ints([...low, ...high]) } : { auto_pad: string(auto) };
        const dilated: Attributes = options.dilate ? { dilations: ints(dilations) } : {};
        return {
          kernel,
          size: reach.map((r, i) => r + extra[i]),
          attributes: { kernel_shape: ints(kernel), strides: ints(strides), ...dilated, ...named },
        };
      });
  });

const conv: Drawn = fc
  .record({
    window: windows({ dilate: true, most: 3 }),
    batch: dim,
    groups: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 2 }),
    filters: fc.integer({ min: 1, max: 3 }),
    bias: fc.boolean(),
  })
  .map(({ window, batch, groups, channels, filters, bias }) => ({
    inputs: [
      [batch, channels * groups, ...window.size],
      [filters * groups, channels, ...window.kernel],
      ...(bias ? [[filters * groups]] : []),
    ],
    build: (graph) =>
      graph.emit("Conv", ["x0", "x1", ...(bias ? ["x2"] : [])], { ...window.attributes, group: int(groups) }),
    dtype: "float32",
    step: 1,
  }));

const pool = (op: string, more: Partial<Case>, extra: fc.Arbitrary<Attributes>): Drawn =>
  fc.record({ window: windows({ dilate: false, most: 3 }), batch: dim, channels: dim, extra }).map((drawn) => ({
    inputs: [[drawn.batch, drawn.channels, ...drawn.window.size]],
    build: (graph) => graph.emit(op, ["x0"], { ...drawn.window.attributes, ...drawn.extra }),
    ...more,
  }));

const slice: Drawn = shape(1, 3).chain((dims) =>
  fc
    .record({
      axes: fc.subarray(
        dims.map((_, axis) => axis),
        { minLength: 1 },
      ),
      from: fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 3, maxLength: 3 }),
      steps: fc.array(fc.constantFrom(1, 1, 2, -1, -2), { minLength: 3, maxLength: 3 }),
      negative: fc.boolean(),
    })
    .map(({ axes, from, steps, negative }) => ({
      inputs: [dims],
      build: (graph) => {
        const starts = axes.map((axis, i) => Math.floor(from[i] * dims[axis]));
        const ends = axes.map((axis, i) => (steps[i] > 0 ? dims[axis] : -dims[axis] - 1));
        const written = starts.map((start, i) => (negative ? start - dims[axes[i]] : start));
        return graph.emit("Slice", [
          "x0",
          ...[written, ends, axes, axes.map((_, i) => steps[i])].map((list) => graph.ints(list)),
        ]);
      },
    })),
);

const concat: Drawn = shape(1, 3).chain((dims) =>
  fc
    .record({
      axis: fc.integer({ min: -dims.length, max: dims.length - 1 }),
      sizes: fc.array(dim, { minLength: 1, maxLength: 3 }),
    })
    .map(({ axis, sizes }) => ({
      inputs: sizes.map((size) => dims.map((d, i) => (i === (axis + dims.length) % dims.length ? size : d))),
      build: (graph) =>
        graph.emit(
          "Concat",
          sizes.map((_, i) => `x${i}`),
          { axis: int(axis) },
        ),
    })),
);

const permuted: Drawn = shape(1, 4).chain((dims) =>
  fc
    .shuffledSubarray(
      dims.map((_, axis) => axis),
      { minLength: dims.length },
    )
    .map((perm) => ({
      inputs: [dims],
      build: (graph) => graph.emit("Transpose", ["x0"], { perm: ints(perm) }),
    })),
);

const bounded: Drawn = fc
  .record({ dims: shape(), low: fc.boolean(), high: fc.boolean() })
  .map(({ dims, low, high }) => ({
    inputs: [dims],
    build: (graph, dtype) =>
      graph.emit("Clip", ["x0", low ? graph.scalar(dtype, -1) : "", ...(high ? [graph.scalar(dtype, 1)] : [])]),
    values: awayFrom(-1, 1),
  }));

/** In training the mask changes from run to run, so here nothing is dropped; the mask's own test is below. */
const dropout: Drawn = fc
  .record({ dims: shape(1, 3), training: fc.boolean(), ratio: fc.constantFrom(0, 0.3, 0.6) })
  .map(({ dims, training, ratio }) => ({
    inputs: [dims],
    build: (graph, dtype) =>
      graph.emit(
        "Dropout",
        ["x0", graph.scalar(dtype, training ? 0 : ratio), graph.constant(scalar("bool", training ? 1 : 0))],
        { seed: int(7) },
      ),
  }));

const cases: Readonly<Record<string, Drawn>> = {
  Add: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  Div: binary("Div", { values: positive }),
  Pow: binary("Pow", { values: positive }),
  Sum: fc.integer({ min: 1, max: 3 }).chain((count) =>
    shape().map((dims) => ({
      inputs: Array(count).fill(dims),
      build: (graph: GraphBuilder) =>
        graph.emit(
          "Sum",
          Array.from({ length: count }, (_, i) => `x${i}`),
        ),
    })),
  ),
  Neg: unary("Neg"),
  Exp: unary("Exp"),
  Log: unary("Log", { values: positive }),
  Sqrt: unary("Sqrt", { values: positive }),
  Abs: unary("Abs", { values: awayFrom(0) }),
  Sign: shape().map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit("Mul", ["x0", graph.emit("Sign", ["x0"])]),
    values: awayFrom(0),
  })),
  Where: stretched.map(([a, b]) => ({
    inputs: [a, b],
    build: (graph: GraphBuilder, dtype) =>
      graph.emit("Where", [
        graph.emit("Greater", [
          graph.constant({ dtype, dims: [], data: dtype === "float64" ? Float64Array.of(1) : Float32Array.of(1) }),
          "x0",
        ]),
        "x0",
        "x1",
      ]),
    values: awayFrom(1),
  })),
  Identity: unary("Identity"),
  Cast: shape().map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) =>
      graph.emit("Cast", [graph.emit("Exp", [graph.emit("Cast", ["x0"], { to: int(11) })])], { to: int(1) }),
    dtype: "float32" as const,
  })),
  Relu: unary("Relu", { values: awayFrom(0) }),
  LeakyRelu: unary("LeakyRelu", { values: awayFrom(0), dtype: "float32" }, { alpha: float(0.2) }),
  Sigmoid: unary("Sigmoid"),
  Tanh: unary("Tanh"),
  Clip: bounded,
  Softmax: alongAxis("Softmax"),
  LogSoftmax: alongAxis("LogSoftmax"),
  Dropout: dropout,
  Gemm: gemm,
  MatMul: matmul,
  Conv: conv,
  MaxPool: pool("MaxPool", { values: distinct, dtype: "float32", step: 0.25 }, fc.constant({})),
  AveragePool: pool(
    "AveragePool",
    { dtype: "float32", step: 1 },
    flag.map((include) => ({ count_include_pad: int(include) })),
  ),
  GlobalAveragePool: shape(3, 4).map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit("GlobalAveragePool", ["x0"]),
    dtype: "float32" as const,
    step: 1,
  })),
  Flatten: alongAxis("Flatten"),
  Reshape: shape(1, 4).map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit("Reshape", ["x0", graph.ints([-1, dims[dims.length - 1]])]),
  })),
  Squeeze: shape(1, 3).map((dims) => ({
    inputs: [[...dims, 1]],
    build: (graph: GraphBuilder) => graph.emit("Squeeze", ["x0", graph.ints([-1])]),
  })),
  Unsqueeze: shape(1, 3).map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit("Unsqueeze", ["x0", graph.ints([0, -1])]),
  })),
  Transpose: permuted,
  Concat: concat,
  Slice: slice,
  Expand: stretched
    .filter(([a, b]) => b.length <= a.length)
    .map(([full, small]) => ({
      inputs: [small],
      build: (graph: GraphBuilder) => graph.emit("Expand", ["x0", graph.constant(int64s(full))]),
    })),
  ReduceSum: reduce("ReduceSum"),
  ReduceMean: reduce("ReduceMean"),
};

const RUNS: Readonly<Record<string, number>> = {
  Conv: 40,
  MaxPool: 25,
  AveragePool: 25,
  Gemm: 20,
  MatMul: 20,
  Slice: 25,
};

describe("every gradient rule agrees with central differences", () => {
  it("is tested for every operator in the registry", () => {
    expect(Object.keys(cases).sort()).toEqual([...gradientRules.keys()].sort());
  });

  it.each(Object.keys(cases))("%s", async (op) => {
    const seeded = fc.tuple(cases[op], fc.nat());
    await fc.assert(
      fc.asyncProperty(seeded, ([drawn, seed]) => checkGradient({ ...drawn, seed })),
      { numRuns: RUNS[op] ?? 10, seed: 1 },
    );
  });
});
