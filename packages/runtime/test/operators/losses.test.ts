import fc from "fast-check";
import { it } from "vitest";
import { int, string } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, between, normals, type Source, wholes } from "../one-operator.ts";

const source = fc.constantFrom<Source>("fed", "constant", "computed");
const how = fc.record({
  places: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  sources: fc.tuple(source, source),
  weighted: fc.boolean(),
  reduction: fc.constantFrom("mean", "sum", "none"),
  ignored: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  dtype: fc.constantFrom("int64" as const, "int32" as const),
  set: fc.constantFrom(12, 13, 22),
});

it.each(["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"])("%s is that of ONNX Runtime", (op) =>
  fc.assert(
    fc.asyncProperty(how, async ({ places, sources, weighted, reduction, ignored, dtype, set }) => {
      const inputs = [
        normals([3, 4, ...places], 1),
        wholes(dtype, [3, ...places], 2, 0, 4),
        weighted ? between([4], 3, 0.2, 2) : undefined,
      ];
      const attributes = {
        reduction: string(reduction),
        ...(ignored !== undefined && { ignore_index: int(ignored) }),
      };
      const outputs = op === "SoftmaxCrossEntropyLoss" ? (["float32", "float32"] as const) : (["float32"] as const);
      await agrees({ op, set, inputs, sources: ["fed", ...sources], attributes, outputs, apart: 3e-5 });
    }),
    { numRuns: 40, seed: 1 },
  ),
);
