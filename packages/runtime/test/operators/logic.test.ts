import fc from "fast-check";
import { it } from "vitest";
import { int } from "../../../espalier/src/onnx/attributes.ts";
import { codeOf, type NumericType } from "../../../espalier/src/onnx/dtype.ts";
import { agreeing, fedOf, numbers, shapes, TYPES, tensors } from "./against-onnxruntime.ts";

/** Shapes that stretch each other to one. */
const stretching = (count: number) =>
  fc
    .tuple(
      shapes(0, 4),
      fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 4 })), { minLength: count, maxLength: count }),
    )
    .map(([dims, ways]) =>
      ways.map(([ones, skipped]) => dims.map((dim, axis) => ((ones >> axis) & 1 ? 1 : dim)).slice(skipped)),
    );

const COMPARISONS: readonly [op: string, sets: readonly number[], types: readonly NumericType[]][] = [
  ["Equal", [7, 11, 13, 19], ["int64", "int32", "bool"]],
  ["Equal", [11, 13, 19], ["float32"]],
  ["Less", [7], ["float32"]],
  ["Less", [9, 13], ["float32", "int64", "int32"]],
  ["Greater", [7], ["float32"]],
  ["Greater", [9, 13], ["float32", "int64", "int32"]],
  ["LessOrEqual", [12, 16], ["float32", "int64", "int32"]],
  ["GreaterOrEqual", [12, 16], ["float32", "int64", "int32"]],
  ["And", [7], ["bool"]],
  ["Or", [7], ["bool"]],
  ["Xor", [7], ["bool"]],
];

it.each(COMPARISONS)("%s in the operator sets %j is ONNX Runtime's, of %j", (op, sets, types) =>
  agreeing(
    fc
      .record({
        pair: stretching(2),
        set: fc.constantFrom(...sets),
        type: fc.constantFrom(...types),
        seed: fc.nat(),
        fed: fedOf(2),
      })
      .map(({ pair, set, type, seed, fed }) => ({
        op,
        set,
        inputs: pair.map((dims, i) => numbers(type, dims, seed + i)),
        fed,
      })),
    30,
  ),
);

it("Where is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        all: stretching(3),
        type: fc.constantFrom(...TYPES),
        set: fc.constantFrom(9, 16),
        seed: fc.nat(),
        fed: fedOf(3),
      })
      // ONNX Runtime chooses between no bools.
      .filter(({ type }) => type !== "bool")
      .map(({ all, type, set, seed, fed }) => ({
        op: "Where",
        set,
        inputs: all.map((dims, i) => numbers(i === 0 ? "bool" : type, dims, seed + i)),
        fed,
      })),
  ));

it("Not is ONNX Runtime's", () =>
  agreeing(
    shapes(0, 3).chain((dims) =>
      fc.tuple(tensors(dims, ["bool"]), fedOf(1)).map(([x, fed]) => ({ op: "Not", set: 7, inputs: [x], fed })),
    ),
    10,
  ));

const CAST: readonly NumericType[] = ["float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool"];

it("Cast is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        dims: shapes(0, 3),
        from: fc.constantFrom(...CAST),
        to: fc.constantFrom(...CAST),
        set: fc.constantFrom(7, 9, 13, 19, 21),
        seed: fc.nat(),
        fed: fedOf(1),
      })
      .map(({ dims, from, to, set, seed, fed }) => ({
        op: "Cast",
        set,
        attributes: { to: int(codeOf(to)) },
        inputs: [numbers(from, dims, seed)],
        fed,
      })),
    150,
  ));
