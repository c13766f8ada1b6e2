import fc from "fast-check";
import { describe, it } from "vitest";
import { int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { int64s } from "../../../espalier/src/onnx/tensor.ts";
import { agrees, between, type Source, wholes } from "../one-operator.ts";

const drawn = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  which: fc.nat(15),
  negative: fc.boolean(),
  keep: fc.boolean(),
  noop: fc.boolean(),
  source: fc.constantFrom<Source>("fed", "constant", "computed"),
  type: fc.constantFrom("float32", "int64", "int32"),
});

const FLOATS_ONLY = ["ReduceLogSum", "ReduceLogSumExp", "ReduceL1", "ReduceL2", "ReduceSumSquare"];
const ALL = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", ...FLOATS_ONLY];

describe("reductions are those of ONNX Runtime", () => {
  it.each(ALL)("%s", (op) =>
    fc.assert(
      fc.asyncProperty(drawn, async ({ dims, which, negative, keep, noop, source, type }) => {
        const whole = type !== "float32" && !FLOATS_ONLY.includes(op);
        const low = op === "ReduceLogSum" ? 0.1 : -3;
        const x = whole
          ? wholes(type as "int64", dims, 1, op === "ReduceProd" ? -1 : -9, op === "ReduceProd" ? 2 : 9)
          : between(dims, 1, low, 3);
        const axes = dims.flatMap((_, i) => ((which >> i) & 1 ? [negative ? i - dims.length : i] : []));
        const kept = { keepdims: int(keep ? 1 : 0) };
        const attributes = { ...kept, noop_with_empty_axes: int(noop ? 1 : 0) };
        const sources: Source[] = ["fed", source];
        const given = axes.length > 0 ? [int64s(axes)] : [];
        // What a whole mean is cut to is not said by all alike where it is below zero.
        const positive = whole && op === "ReduceMean" ? wholes(type as "int64", dims, 1, 0, 9) : x;
        await agrees({ op, set: 18, inputs: [positive, ...given], sources, attributes, apart: 2e-5 });
        const listed = axes.length > 0 ? { ...kept, axes: ints(axes) } : kept;
        await agrees({ op, set: 11, inputs: [positive], attributes: listed, apart: 2e-5 });
      }),
      { numRuns: 25, seed: 1 },
    ),
  );
});
