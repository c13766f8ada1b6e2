import fc from "fast-check";
import { describe, it } from "vitest";
import { int, string } from "../../../espalier/src/onnx/attributes.ts";
import { int64s, type NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { agrees, between, normals, type Source } from "../one-operator.ts";

const place = fc.integer({ min: 1, max: 5 });
const image = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }), place, place);
const source = fc.constantFrom<Source>("fed", "constant", "computed");
const options = { numRuns: 80, seed: 1 };
const number = (value: number): NumericTensor => ({ dtype: "float32", dims: [1], data: Float32Array.of(value) });

describe("GridSample is that of ONNX Runtime", () => {
  it.each([
    [16, ["bilinear", "nearest", "bicubic"]],
    [20, ["linear", "nearest", "cubic"]],
  ])("as operator set %d defines it", (set, modes) =>
    fc.assert(
      fc.asyncProperty(
        image,
        place,
        fc.constantFrom(...modes),
        fc.constantFrom("zeros", "border", "reflection"),
        fc.boolean(),
        source,
        async (dims, count, mode, padding, align, from) => {
          const grid = between([dims[0], count, 3, 2], 2, -1.6, 1.6);
          const attributes = { mode: string(mode), padding_mode: string(padding), align_corners: int(align ? 1 : 0) };
          await agrees({
            op: "GridSample",
            set,
            inputs: [normals(dims, 1), grid],
            sources: ["fed", from],
            attributes,
            apart: 3e-5,
          });
        },
      ),
      options,
    ),
  );
});

it("NonMaxSuppression is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 6 }),
      fc.constantFrom(0, 0.3, 0.6),
      fc.option(fc.constantFrom(0.2, 0.5), { nil: undefined }),
      fc.boolean(),
      source,
      async (count, most, overlap, least, centred, from) => {
        const boxes = between([2, count, 4], 1, 0.1, 2);
        const inputs = [
          boxes,
          between([2, 3, count], 2, 0, 1),
          int64s([most]),
          number(overlap),
          least === undefined ? undefined : number(least),
        ];
        const attributes = { center_point_box: int(centred ? 1 : 0) };
        const sources: Source[] = [from, "fed", from, from, from];
        await agrees({ op: "NonMaxSuppression", set: 11, inputs, sources, attributes, outputs: ["int64"] });
      },
    ),
    options,
  ));
