import fc from "fast-check";
import { float, int } from "../../../src/onnx/attributes.ts";
import type { GraphBuilder } from "../../../src/onnx/builder.ts";
import { awayFrom, type Float, uniform } from "../check-gradient.ts";
import { alongAxis, type CaseFamily, type Drawn, dim, numbers, shape, type Unseeded, withAxis } from "./drawn.ts";

const single = { dtype: "float32" } as const;

/** [batch, channels, ...] with enough elements in a channel for a variance. */
const images = fc
  .record({ batch: fc.integer({ min: 2, max: 4 }), channels: dim, places: shape(0, 2) })
  .map(({ batch, channels, places }) => [batch, channels, ...places]);

const statistics = (graph: GraphBuilder, dtype: Float, channels: number) => [
  graph.constant(
    numbers(
      dtype,
      [channels],
      Array.from({ length: channels }, (_, i) => i / 3 - 0.5),
    ),
  ),
  graph.constant(
    numbers(
      dtype,
      [channels],
      Array.from({ length: channels }, (_, i) => 0.5 + i / 2),
    ),
  ),
];

const frozen: Drawn = images.map((dims) => ({
  inputs: [dims, [dims[1]], [dims[1]]],
  build: (graph, dtype) =>
    graph.emit("BatchNormalization", ["x0", "x1", "x2", ...statistics(graph, dtype, dims[1])], {
      epsilon: float(0.01),
    }),
}));

const ofBatch = (dims: number[], momentum: number, dtype: Float = "float64"): Unseeded => ({
  inputs: [dims, [dims[1]], [dims[1]]],
  build: (graph, dtype) => {
    const attributes = { training_mode: int(1), momentum: float(momentum), epsilon: float(0.01) };
    const inputs = ["x0", "x1", "x2", ...statistics(graph, dtype, dims[1])];
    return graph.emitMany("BatchNormalization", inputs, attributes, 3)[0];
  },
  dtype,
});

const training: Drawn = fc.tuple(images, fc.constantFrom(0, 0.9, 1)).map(([dims, momentum]) => ofBatch(dims, momentum));

const layer: Drawn = withAxis(1, 3).chain(({ dims, axis }) =>
  fc.boolean().map((bias) => {
    const own = dims.slice(axis < 0 ? axis + dims.length : axis);
    return {
      inputs: [dims, own, ...(bias ? [own] : [])],
      build: (graph) =>
        graph.emit("LayerNormalization", ["x0", "x1", ...(bias ? ["x2"] : [])], {
          axis: int(axis),
          epsilon: float(0.1),
        }),
      ...single,
    };
  }),
);

const rms: Drawn = withAxis(1, 3).map(({ dims, axis }) => ({
  inputs: [dims, dims.slice(axis < 0 ? axis + dims.length : axis)],
  build: (graph) => graph.emit("RMSNormalization", ["x0", "x1"], { axis: int(axis), epsilon: float(0.1) }),
  opset: 23,
  ...single,
}));

const group: Drawn = fc
  .record({
    batch: dim,
    groups: fc.integer({ min: 1, max: 3 }),
    each: fc.integer({ min: 1, max: 3 }),
    old: fc.boolean(),
  })
  .map(({ batch, groups, each, old }) => {
    const entries = old ? groups : groups * each;
    return {
      inputs: [[batch, groups * each, 3, 2], [entries], [entries]],
      build: (graph) =>
        graph.emit("GroupNormalization", ["x0", "x1", "x2"], { num_groups: int(groups), epsilon: float(0.1) }),
      opset: old ? 18 : 21,
      ...single,
    };
  });

const instance: Drawn = fc
  .record({ batch: dim, channels: dim, places: shape(1, 2) })
  .map(({ batch, channels, places }) => ({
    inputs: [[batch, channels, ...places], [channels], [channels]],
    build: (graph) => graph.emit("InstanceNormalization", ["x0", "x1", "x2"], { epsilon: float(0.1) }),
    ...single,
  }));

const localResponse: Drawn = fc
  .record({
    dims: fc.tuple(dim, fc.integer({ min: 1, max: 6 }), dim, dim),
    size: fc.constantFrom(1, 3, 5),
    beta: fc.constantFrom(0.75, 0.5, 1.2),
  })
  .map(({ dims, size, beta }) => ({
    inputs: [dims],
    build: (graph) =>
      graph.emit("LRN", ["x0"], { size: int(size), alpha: float(0.7), beta: float(beta), bias: float(1.5) }),
    ...single,
  }));

export const normalizationCases: CaseFamily = {
  BatchNormalization: {
    drawn: fc.oneof(frozen, training),
    runs: 20,
    edges: {
      "the batch's statistics in float32": ofBatch([4, 2, 3, 3], 0, "float32"),
      "the batch's statistics of rows": ofBatch([6, 3], 0.9),
    },
  },
  LayerNormalization: { drawn: layer, runs: 10 },
  RMSNormalization: { drawn: rms, runs: 8 },
  GroupNormalization: { drawn: group, runs: 10 },
  InstanceNormalization: { drawn: instance, runs: 8 },
  MeanVarianceNormalization: {
    drawn: fc.tuple(dim, dim, dim).map(([channels, height, width]) => ({
      inputs: [[3, channels, height + 1, width]],
      build: (graph) => graph.emit("MeanVarianceNormalization", ["x0"]),
      ...single,
    })),
  },
  LpNormalization: {
    drawn: fc.constantFrom(1, 2).chain((p) => alongAxis("LpNormalization", { values: awayFrom(0) }, { p: int(p) })),
    runs: 8,
  },
  LRN: {
    drawn: localResponse,
    runs: 10,
    edges: {
      "the defaults": {
        inputs: [[1, 4, 2, 2]],
        build: (graph) => graph.emit("LRN", ["x0"], { size: int(5) }),
        values: uniform,
        ...single,
      },
    },
  },
};
