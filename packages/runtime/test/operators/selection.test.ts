import fc from "fast-check";
import { expect, it } from "vitest";
import { int } from "../../../espalier/src/onnx/attributes.ts";
import { emptyModel } from "../../../espalier/src/onnx/graph.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { Network } from "../../src/network/network.ts";
import { agreeing, fedOf, list, numbers, scalarOf, shapes, TYPES, tensors } from "./against-onnxruntime.ts";

const ORDERED = ["float32", "int64", "int32"] as const;

/** A shape, and one of its axes. */
const lines = shapes(1, 4).chain((dims) =>
  fc.tuple(fc.constant(dims), fc.integer({ min: -dims.length, max: dims.length - 1 })),
);

it.each(["ArgMax", "ArgMin"])("%s is ONNX Runtime's", (op) =>
  agreeing(
    fc
      .record({
        line: lines,
        set: fc.constantFrom(7, 11, 12, 13),
        type: fc.constantFrom(...ORDERED.filter((type) => type !== "int64")),
        seed: fc.nat(),
        keep: fc.constantFrom(0, 1),
        last: fc.constantFrom(0, 1),
        fed: fedOf(1),
      })
      .map(({ line: [dims, axis], set, type, seed, keep, last, fed }) => ({
        op,
        set,
        attributes: {
          axis: int(set < 11 ? axis + (axis < 0 ? dims.length : 0) : axis),
          keepdims: int(keep),
          ...(set >= 12 ? { select_last_index: int(last) } : {}),
        },
        inputs: [numbers(type, dims, seed)],
        fed,
      })),
  ),
);

it("TopK is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        line: lines,
        set: fc.constantFrom(7, 10, 11, 24),
        type: fc.constantFrom(...ORDERED),
        seed: fc.nat(),
        part: fc.nat({ max: 4 }),
        largest: fc.constantFrom(0, 1),
        fed: fedOf(2),
      })
      .map(({ line: [dims, axis], set, type, seed, part, largest, fed }) => {
        const k = Math.min(part, dims.at(axis) ?? 0);
        const x = numbers(set < 11 ? "float32" : type, dims, seed);
        const at = { axis: int(axis) };
        // Operator set 7 takes a k of at least one.
        if (set < 10)
          return { op: "TopK", set, attributes: { ...at, k: int(Math.max(1, k)) }, inputs: [x], outputs: 2, fed };
        const order = set >= 11 ? { largest: int(largest) } : {};
        return { op: "TopK", set, attributes: { ...at, ...order }, inputs: [x, list([k])], outputs: 2, fed };
      }),
    80,
  ));

it("CumSum is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        line: lines,
        type: fc.constantFrom(...ORDERED),
        seed: fc.nat(),
        exclusive: fc.constantFrom(0, 1),
        reverse: fc.constantFrom(0, 1),
        kind: fc.constantFrom("int64" as const, "int32" as const),
        set: fc.constantFrom(11, 14),
        fed: fedOf(2),
      })
      .map(({ line: [dims, axis], type, seed, exclusive, reverse, kind, set, fed }) => ({
        op: "CumSum",
        set,
        attributes: { exclusive: int(exclusive), reverse: int(reverse) },
        inputs: [numbers(type, dims, seed), scalarOf(kind, axis)],
        fed,
      })),
  ));

it("OneHot is ONNX Runtime's", () =>
  agreeing(
    fc.tuple(shapes(1, 3), fc.nat(), fc.constantFrom(9, 11), fedOf(3)).chain(([dims, seed, set, fed]) =>
      fc
        .record({
          axis: fc.integer({ min: -dims.length - 1, max: dims.length }),
          // Those that ONNX Runtime has: indices, depth and values.
          types: fc.constantFrom(
            { indices: "int64", depths: "int64", values: "float32" } as const,
            { indices: "float32", depths: "float32", values: "float32" } as const,
            { indices: "int64", depths: "int64", values: "int64" } as const,
            { indices: "int64", depths: "int32", values: "float32" } as const,
            { indices: "int32", depths: "int32", values: "float32" } as const,
          ),
          depth: fc.integer({ min: 1, max: 6 }),
        })
        .map(({ axis, types: { indices, depths, values }, depth }) => {
          const rows = numbers(indices, dims, seed);
          // ONNX Runtime cuts no fraction off an index, and counts those below zero from the end in every operator set.
          const data = rows.data.map((value: number | bigint) => {
            if (typeof value === "bigint") return (set < 11 && value < 0n ? -value : value) as never;
            return Math.trunc(set < 11 ? Math.abs(value) : value) as never;
          });
          return {
            op: "OneHot",
            set,
            attributes: { axis: int(axis) },
            inputs: [{ ...rows, data }, scalarOf(depths, depth), numbers(values, [2], seed + 1)],
            fed,
          };
        }),
    ),
  ));

it("NonZero is ONNX Runtime's", () =>
  agreeing(
    shapes(1, 4).chain((dims) =>
      fc.tuple(tensors(dims, TYPES), fc.constantFrom(9, 13), fedOf(1)).map(([x, set, fed]) => ({
        op: "NonZero",
        set,
        inputs: [x],
        fed,
      })),
    ),
  ));

it("OneHot has no one for an index below zero before operator set 11", async () => {
  for (const [set, right] of [
    [9, [0, 0, 0]],
    [11, [0, 0, 1]],
  ] as const) {
    const model = emptyModel("one hot");
    model.opsets.set("", set);
    model.inputs.push({ name: "x", dtype: "int64", shape: [1] });
    model.initializers.set("depth", scalarOf("int64", 3)).set("values", list([0, 1]));
    model.nodes.push({
      name: "n",
      op: "OneHot",
      domain: "",
      inputs: ["x", "depth", "values"],
      outputs: ["y"],
      attributes: {},
    });
    model.outputs.push({ name: "y" });
    const { y } = (await Network.load(writeModel(model))).run({ x: { dims: [1], data: BigInt64Array.of(-1n) } });
    expect(Array.from<number | bigint, number>(y.data, Number)).toEqual(right);
  }
});
