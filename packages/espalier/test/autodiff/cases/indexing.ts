import fc from "fast-check";
import { int, string } from "../../../src/onnx/attributes.ts";
import { sizeOf } from "../../../src/onnx/tensor.ts";
import { distinct } from "../check-gradient.ts";
import { type CaseFamily, type Drawn, dim, flag, places, shape, type Unseeded, withAxis } from "./drawn.ts";

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
        const lists = [written, ends, axes, axes.map((_, i) => steps[i])];
        return graph.emit("Slice", ["x0", ...lists.map((list) => graph.ints(list))]);
      },
    })),
);

function sliced(dims: number[], lists: number[][]): Unseeded {
  return { inputs: [dims], build: (graph) => graph.emit("Slice", ["x0", ...lists.map((list) => graph.ints(list))]) };
}

/** Places below a size, some of them counted from the end; as many as a shape asks for. */
const drawnPlaces = (size: number, dims: readonly number[]) =>
  fc.array(fc.integer({ min: -size, max: size - 1 }), { minLength: sizeOf(dims), maxLength: sizeOf(dims) });

const gather: Drawn = fc.tuple(withAxis(1, 3), shape(0, 2)).chain(([{ dims, axis }, indices]) =>
  drawnPlaces(dims.at(axis) ?? 1, indices).map((at) => ({
    inputs: [dims],
    build: (graph) => graph.emit("Gather", ["x0", graph.constant(places(indices, at))], { axis: int(axis) }),
  })),
);

const gatherElements: Drawn = fc.tuple(withAxis(1, 3), dim).chain(([{ dims, axis }, count]) => {
  const indices = dims.map((d, i) => (i === (axis + dims.length) % dims.length ? count : d));
  return drawnPlaces(dims.at(axis) ?? 1, indices).map((at) => ({
    inputs: [dims],
    build: (graph) => graph.emit("GatherElements", ["x0", graph.constant(places(indices, at))], { axis: int(axis) }),
  }));
});

/** All elements of one batch axis or of none, at places of one or two coordinates. */
const gatherND: Drawn = fc
  .record({ batch: fc.integer({ min: 0, max: 2 }), depth: fc.integer({ min: 1, max: 2 }), count: dim })
  .chain(({ batch, depth, count }) => {
    const dims = [...[2, 3].slice(0, batch), 3, 3, 2];
    const indices = [...dims.slice(0, batch), count, depth];
    return drawnPlaces(3, indices).map((at) => ({
      inputs: [dims],
      build: (graph) => graph.emit("GatherND", ["x0", graph.constant(places(indices, at))], { batch_dims: int(batch) }),
    }));
  });

/** Each place is written once: what two writes to one place leave is not defined. */
const scatterElements: Drawn = fc
  .tuple(fc.constantFrom("none", "add"), flag, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 2, maxLength: 2 }))
  .map(([reduction, axis, order]) => {
    const indices = axis === 0 ? [2, 3] : [3, 2];
    const at = axis === 0 ? order.flatMap((place) => [place, place, place - 4]) : [...order, ...order, ...order];
    return {
      inputs: [axis === 0 ? [4, 3] : [3, 4], indices],
      build: (graph) =>
        graph.emit("ScatterElements", ["x0", graph.constant(places(indices, at)), "x1"], {
          axis: int(axis),
          reduction: string(reduction),
        }),
    };
  });

const scatterND: Drawn = fc
  .tuple(fc.constantFrom("none", "add"), fc.shuffledSubarray([0, 1, 2, 3], { minLength: 2, maxLength: 2 }))
  .map(([reduction, order]) => ({
    inputs: [
      [4, 3],
      [2, 3],
    ],
    build: (graph) =>
      graph.emit("ScatterND", ["x0", graph.constant(places([2, 1], order)), "x1"], { reduction: string(reduction) }),
  }));

const topK: Drawn = fc.tuple(withAxis(1, 3), flag).map(([{ dims, axis }, largest]) => ({
  inputs: [dims],
  build: (graph) => {
    const count = graph.ints([Math.ceil((dims.at(axis) ?? 1) / 2)]);
    return graph.emitMany("TopK", ["x0", count], { axis: int(axis), largest: int(largest) }, 2)[0];
  },
  values: distinct,
}));

export const indexingCases: CaseFamily = {
  Slice: {
    drawn: slice,
    runs: 25,
    edges: {
      "no axes, beyond the ends": sliced(
        [4, 3],
        [
          [-9, 1],
          [999, -1],
        ],
      ),
      "backwards from beyond the end": sliced(
        [7, 3],
        [
          [99, -1],
          [-99, -99],
          [0, -1],
          [-3, -1],
        ],
      ),
      "steps that leave a rest": sliced(
        [8, 5],
        [
          [1, 0],
          [8, 5],
          [0, 1],
          [3, 2],
        ],
      ),
    },
  },
  Gather: {
    drawn: gather,
    runs: 12,
    edges: {
      "int32 places": {
        inputs: [[3, 2]],
        build: (graph) =>
          graph.emit("Gather", ["x0", graph.constant({ dtype: "int32", dims: [2], data: Int32Array.of(2, 2) })]),
      },
    },
  },
  GatherElements: { drawn: gatherElements },
  GatherND: { drawn: gatherND, runs: 10 },
  ScatterElements: { drawn: scatterElements, runs: 8 },
  ScatterND: { drawn: scatterND, runs: 8 },
  TopK: { drawn: topK },
};
