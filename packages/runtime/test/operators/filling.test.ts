import fc from "fast-check";
import { it } from "vitest";
import { tensor } from "../../../espalier/src/onnx/attributes.ts";
import { agreeing, fedOf, list, numbers, scalarOf, shapes, tensors } from "./against-onnxruntime.ts";

it("ConstantOfShape is ONNX Runtime's", () =>
  agreeing(
    fc
      .tuple(shapes(0, 4, 0), fc.option(tensors([1])), fc.constantFrom(9, 13, 20), fedOf(1))
      .map(([dims, value, set, fed]) => ({
        op: "ConstantOfShape",
        set,
        attributes: value ? { value: tensor(value) } : undefined,
        inputs: [list(dims)],
        fed,
      })),
  ));

it("Range is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        type: fc.constantFrom("float32" as const, "int32" as const, "int64" as const),
        start: fc.integer({ min: -9, max: 9 }),
        limit: fc.integer({ min: -9, max: 9 }),
        delta: fc.constantFrom(-3, -1, 1, 2),
        fed: fedOf(3),
      })
      .map(({ type, start, limit, delta, fed }) => ({
        op: "Range",
        set: 11,
        inputs: [start, limit, type === "float32" ? delta / 4 : delta].map((value) => scalarOf(type, value)),
        fed,
      })),
  ));

it("Expand is ONNX Runtime's", () =>
  agreeing(
    fc
      .tuple(shapes(0, 4), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat({ max: 4 }))
      .chain(([dims, stretched, skipped]) => {
        const from = dims.map((dim, axis) => (stretched[axis] ? 1 : dim)).slice(skipped);
        const to = dims.map((dim, axis) => (stretched[axis] && axis % 2 === 1 ? 1 : dim));
        return fc.tuple(tensors(from), fc.constantFrom(8, 13), fedOf(2)).map(([data, set, fed]) => ({
          op: "Expand",
          set,
          inputs: [data, list(to)],
          fed,
        }));
      }),
  ));

it("Tile is ONNX Runtime's", () =>
  agreeing(
    shapes(1, 4).chain((dims) =>
      fc
        .tuple(
          tensors(dims),
          fc.array(fc.integer({ min: 0, max: 3 }), { minLength: dims.length, maxLength: dims.length }),
          fc.constantFrom(6, 13),
          fedOf(2),
        )
        .map(([data, repeats, set, fed]) => ({ op: "Tile", set, inputs: [data, list(repeats)], fed })),
    ),
  ));

it("a long range of 64 bits stays exact", () =>
  agreeing(
    fc.constant({
      op: "Range",
      set: 11,
      inputs: [2n ** 60n + 1n, 2n ** 60n + 9n, 3n].map((value) => ({
        ...numbers("int64", [], 0),
        data: BigInt64Array.of(value),
      })),
      fed: [true, false, true],
    }),
    1,
  ));
