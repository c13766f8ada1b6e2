import fc from "fast-check";
import { type Attributes, int, ints, string } from "../../../src/onnx/attributes.ts";
import { int64s } from "../../../src/onnx/tensor.ts";
import {
  alongAxis,
  type CaseFamily,
  type Drawn,
  dim,
  flag,
  names,
  places,
  shape,
  stretched,
  withAxis,
} from "./drawn.ts";

const concat: Drawn = fc
  .tuple(withAxis(1, 3), fc.array(dim, { minLength: 1, maxLength: 3 }))
  .map(([{ dims, axis }, sizes]) => ({
    inputs: sizes.map((size) => dims.map((d, i) => (i === (axis + dims.length) % dims.length ? size : d))),
    build: (graph) => graph.emit("Concat", names(sizes.length), { axis: int(axis) }),
  }));

/** Some of the parts are read, in another order than that in which they lie. */
const split: Drawn = fc
  .record({
    at: withAxis(1, 3),
    sizes: fc.array(dim, { minLength: 2, maxLength: 3 }),
    equal: fc.boolean(),
    used: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ at: { dims, axis }, sizes, equal, used }) => {
    const parts = equal ? sizes.map(() => sizes[0]) : sizes;
    const total = parts.reduce((sum, size) => sum + size, 0);
    return {
      inputs: [dims.map((d, i) => (i === (axis + dims.length) % dims.length ? total : d))],
      build: (graph) => {
        const given = equal ? [] : [graph.ints(parts)];
        const equally: Attributes = equal ? { num_outputs: int(parts.length) } : {};
        const found = graph.emitMany("Split", ["x0", ...given], { axis: int(axis), ...equally }, parts.length);
        return graph.emit("Concat", [found[1], ...found.slice(0, used)], { axis: int(axis) });
      },
    };
  });

const permuted: Drawn = shape(1, 4).chain((dims) =>
  fc
    .shuffledSubarray(
      dims.map((_, axis) => axis),
      { minLength: dims.length },
    )
    .map((perm) => ({ inputs: [dims], build: (graph) => graph.emit("Transpose", ["x0"], { perm: ints(perm) }) })),
);

const tile: Drawn = shape(1, 3).chain((dims) =>
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: dims.length, maxLength: dims.length }).map((repeats) => ({
    inputs: [dims],
    build: (graph) => graph.emit("Tile", ["x0", graph.ints(repeats)]),
  })),
);

const blocks = fc.record({ n: dim, c: dim, h: dim, w: dim, b: fc.integer({ min: 1, max: 3 }) });

const depthToSpace: Drawn = fc.tuple(blocks, fc.constantFrom("DCR", "CRD")).map(([{ n, c, h, w, b }, mode]) => ({
  inputs: [[n, c * b * b, h, w]],
  build: (graph) => graph.emit("DepthToSpace", ["x0"], { blocksize: int(b), mode: string(mode) }),
}));

const spaceToDepth: Drawn = blocks.map(({ n, c, h, w, b }) => ({
  inputs: [[n, c, h * b, w * b]],
  build: (graph) => graph.emit("SpaceToDepth", ["x0"], { blocksize: int(b) }),
}));

const trilu: Drawn = fc.tuple(shape(2, 4), fc.integer({ min: -2, max: 2 }), flag).map(([dims, k, upper]) => ({
  inputs: [dims],
  build: (graph) => graph.emit("Trilu", ["x0", graph.scalar("int64", k)], { upper: int(upper) }),
}));

const reverseSequence: Drawn = flag.map((time) => ({
  inputs: [[3, 3, 2]],
  build: (graph) =>
    graph.emit("ReverseSequence", ["x0", graph.constant(places([3], [1, 3, 2]))], {
      time_axis: int(time),
      batch_axis: int(1 - time),
    }),
}));

export const movementCases: CaseFamily = {
  Reshape: {
    drawn: shape(1, 4).map((dims) => ({
      inputs: [dims],
      build: (graph) => graph.emit("Reshape", ["x0", graph.ints([-1, dims[dims.length - 1]])]),
    })),
  },
  Flatten: { drawn: alongAxis("Flatten") },
  Squeeze: {
    drawn: shape(1, 3).map((dims) => ({
      inputs: [[...dims, 1]],
      build: (graph) => graph.emit("Squeeze", ["x0", graph.ints([-1])]),
    })),
    edges: {
      "every axis of one": { inputs: [[2, 1, 3, 1]], build: (graph) => graph.emit("Squeeze", ["x0"]) },
    },
  },
  Unsqueeze: {
    drawn: shape(1, 3).map((dims) => ({
      inputs: [dims],
      build: (graph) => graph.emit("Unsqueeze", ["x0", graph.ints([0, -1])]),
    })),
  },
  Transpose: {
    drawn: permuted,
    edges: {
      "the axes reversed": { inputs: [[2, 3, 4]], build: (graph) => graph.emit("Transpose", ["x0"]) },
    },
  },
  Concat: { drawn: concat },
  Split: { drawn: split, runs: 12 },
  Expand: {
    drawn: stretched
      .filter(([a, b]) => b.length <= a.length)
      .map(([full, small]) => ({
        inputs: [small],
        build: (graph) => graph.emit("Expand", ["x0", graph.constant(int64s(full))]),
      })),
  },
  Tile: {
    drawn: tile,
    edges: {
      "a scalar": { inputs: [[]], build: (graph) => graph.emit("Tile", ["x0", graph.constant(places([0], []))]) },
    },
  },
  DepthToSpace: { drawn: depthToSpace },
  SpaceToDepth: { drawn: spaceToDepth },
  ReverseSequence: { drawn: reverseSequence },
  Trilu: { drawn: trilu },
};
