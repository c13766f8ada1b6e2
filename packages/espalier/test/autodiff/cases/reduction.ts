import fc from "fast-check";
import { int } from "../../../src/onnx/attributes.ts";
import { awayFrom, type Case, distinct, positive } from "../check-gradient.ts";
import { type CaseFamily, type Drawn, flag, shape, type Unseeded, withAxis } from "./drawn.ts";

const reduce = (op: string, more: Partial<Case> = {}): Drawn =>
  shape(1, 4).chain((dims) =>
    fc
      .record({ axes: fc.subarray(dims.map((_, axis) => axis)), negative: fc.boolean(), keep: flag, noop: flag })
      .map(({ axes, negative, keep, noop }) => ({
        inputs: [dims],
        build: (graph) => {
          const given = axes.length ? [graph.ints(axes.map((axis) => (negative ? axis - dims.length : axis)))] : [];
          return graph.emit(op, ["x0", ...given], { keepdims: int(keep), noop_with_empty_axes: int(noop) });
        },
        ...more,
      })),
  );

const cumulative: Drawn = fc.tuple(withAxis(), flag, flag).map(([{ dims, axis }, exclusive, reverse]) => ({
  inputs: [dims],
  build: (graph) =>
    graph.emit("CumSum", ["x0", graph.scalar("int64", axis)], { exclusive: int(exclusive), reverse: int(reverse) }),
}));

/** The product of a row with so many zeros. */
const zeros = (count: number): Unseeded => ({
  inputs: [[2, 3]],
  build: (graph) => graph.emit("ReduceProd", ["x0", graph.ints([1])]),
  values: () => [...[0, 0, 0].slice(0, count), ...[1.5, -2, 0.7].slice(count), 1, 2, 3],
  // The product is linear in each element, but not in all of them together.
  step: 1e-4,
});

export const reductionCases: CaseFamily = {
  ReduceSum: { drawn: reduce("ReduceSum"), runs: 10 },
  ReduceMean: { drawn: reduce("ReduceMean"), runs: 10 },
  ReduceMax: { drawn: reduce("ReduceMax", { values: distinct }) },
  ReduceMin: { drawn: reduce("ReduceMin", { values: distinct }) },
  ReduceProd: {
    drawn: reduce("ReduceProd", { values: awayFrom(0) }),
    edges: { "one zero": zeros(1), "two zeros": zeros(2) },
  },
  ReduceL1: { drawn: reduce("ReduceL1", { values: awayFrom(0) }) },
  ReduceL2: { drawn: reduce("ReduceL2", { values: awayFrom(0) }) },
  ReduceSumSquare: { drawn: reduce("ReduceSumSquare") },
  ReduceLogSum: { drawn: reduce("ReduceLogSum", { values: positive }) },
  ReduceLogSumExp: { drawn: reduce("ReduceLogSumExp") },
  CumSum: { drawn: cumulative },
};
