import fc from "fast-check";
import { it } from "vitest";
import { int, string } from "../../../espalier/src/onnx/attributes.ts";
import { int64s } from "../../../espalier/src/onnx/tensor.ts";
import { agrees, normals, type Source, wholes } from "../one-operator.ts";

const dims = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
const source = fc.constantFrom<Source>("fed", "constant", "computed");
const options = { numRuns: 30, seed: 1 };

it("operators on bits are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      dims,
      source,
      fc.constantFrom("int64" as const, "int32" as const, "uint8" as const),
      async ([rows, columns], from, type) => {
        const low = type === "uint8" ? 0 : -1000;
        const [a, b] = [wholes(type, [rows, columns], 1, low, 200), wholes(type, [columns], 2, low, 200)];
        for (const op of ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]) {
          await agrees({ op, set: 18, inputs: [a, b], sources: ["fed", from] });
        }
        await agrees({ op: "BitwiseNot", set: 18, inputs: [a] });
        const shifts = wholes("uint8", [rows, columns], 3, 0, 8);
        const bytes = wholes("uint8", [rows, columns], 4, 0, 256);
        for (const direction of ["LEFT", "RIGHT"]) {
          await agrees({
            op: "BitShift",
            set: 11,
            inputs: [bytes, shifts],
            sources: ["fed", from],
            attributes: { direction: string(direction) },
          });
        }
      },
    ),
    options,
  ));

it("ReverseSequence is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, fc.nat(1), source, fc.nat(), async ([time, batch], axis, from, seed) => {
      const counts = Array.from({ length: batch }, (_, i) => ((seed + 3 * i) % time) + 1);
      const x = normals(axis === 1 ? [time, batch, 3] : [batch, time, 3], 1);
      const attributes = { batch_axis: int(axis), time_axis: int(1 - axis) };
      await agrees({ op: "ReverseSequence", set: 10, inputs: [x, int64s(counts)], sources: ["fed", from], attributes });
    }),
    options,
  ));
