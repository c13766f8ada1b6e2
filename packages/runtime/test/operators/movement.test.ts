import fc from "fast-check";
import { it } from "vitest";
import { int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { agreeing, fedOf, list, numbers, shapes, TYPES, tensors } from "./against-onnxruntime.ts";

const axisOf = (dims: readonly number[]) => fc.integer({ min: -dims.length, max: dims.length - 1 });

it("Concat is ONNX Runtime's", () =>
  agreeing(
    shapes(1, 4).chain((dims) =>
      fc
        .record({
          axis: axisOf(dims),
          lengths: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
          type: fc.constantFrom(...TYPES),
          seed: fc.nat(),
          fed: fedOf(4),
        })
        .map(({ axis, lengths, type, seed, fed }) => {
          const at = axis < 0 ? axis + dims.length : axis;
          const parts = lengths.map((length, k) =>
            numbers(
              type,
              dims.map((dim, i) => (i === at ? length : dim)),
              seed + k,
            ),
          );
          return { op: "Concat", set: 11, attributes: { axis: int(axis) }, inputs: parts, fed };
        }),
    ),
  ));

it("Transpose is ONNX Runtime's", () =>
  agreeing(
    shapes(0, 4).chain((dims) =>
      fc
        .record({
          x: tensors(dims),
          perm: fc.option(fc.shuffledSubarray([...dims.keys()], { minLength: dims.length, maxLength: dims.length })),
          set: fc.constantFrom(7, 13, 21),
          fed: fedOf(1),
        })
        .map(({ x, perm, set, fed }) => ({
          op: "Transpose",
          set,
          attributes: perm ? { perm: ints(perm) } : {},
          inputs: [x],
          fed,
        })),
    ),
  ));

/** Parts of some axes; before operator set 10 the bounds are attributes, and there are no steps. */
it("Slice is ONNX Runtime's", () =>
  agreeing(
    fc.tuple(shapes(1, 4, 0), fc.constantFrom(7, 9, 10, 11, 13)).chain(([dims, set]) =>
      fc.subarray([...dims.keys()], { minLength: 1 }).chain((axes) => {
        const bounds = () =>
          fc.array(fc.integer({ min: -6, max: 6 }), { minLength: axes.length, maxLength: axes.length });
        const steps = fc.array(fc.constantFrom(-3, -2, -1, 1, 2, 3), {
          minLength: axes.length,
          maxLength: axes.length,
        });
        return fc
          .record({
            x: tensors(dims),
            starts: bounds(),
            ends: bounds(),
            steps: fc.option(steps),
            kind: fc.constantFrom("int64" as const, "int32" as const),
            back: fc.boolean(),
            fed: fedOf(5),
          })
          .map(({ x, starts, ends, steps, kind, back, fed }) => {
            const named = back && set >= 10 ? axes.map((axis) => axis - dims.length) : axes;
            if (set < 10) {
              const attributes = { starts: ints(starts), ends: ints(ends), axes: ints(named) };
              return { op: "Slice", set, attributes, inputs: [x], fed };
            }
            const lists = [starts, ends, named, ...(steps ? [steps] : [])].map((values) => list(values, kind));
            return { op: "Slice", set, inputs: [x, ...lists], fed };
          });
      }),
    ),
    120,
  ));

it("Slice goes to the ends of the largest numbers", () =>
  agreeing(
    fc.tuple(fc.boolean(), fedOf(5)).map(([backwards, fed]) => ({
      op: "Slice",
      set: 13,
      inputs: [
        numbers("float32", [5, 2], 1),
        { ...list([0]), data: BigInt64Array.of(backwards ? 2n ** 63n - 1n : -(2n ** 63n)) },
        { ...list([0]), data: BigInt64Array.of(backwards ? -(2n ** 63n) : 2n ** 63n - 1n) },
        list([0]),
        list([backwards ? -2 : 2]),
      ],
      fed,
    })),
    8,
  ));

it("Split is ONNX Runtime's", () =>
  agreeing(
    fc
      .record({
        set: fc.constantFrom(7, 11, 13, 18),
        sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        before: shapes(0, 2),
        behind: shapes(0, 1),
        type: fc.constantFrom(...TYPES.filter((type) => type !== "uint8")),
        seed: fc.nat(),
        stated: fc.boolean(),
        back: fc.boolean(),
        fed: fedOf(2),
      })
      .map(({ set, sizes, before, behind, type, seed, stated, back, fed }) => {
        const count = sizes.length;
        const even = set < 18 ? 2 * count : 2 * count + 1;
        const length = stated ? sizes.reduce((a, b) => a + b, 0) : even;
        const axis = int(back && set >= 11 ? -1 - behind.length : before.length);
        const x = numbers(type, [...before, length, ...behind], seed);
        const asAttribute = stated && set < 13 ? { split: ints(sizes) } : {};
        const counted = !stated && set >= 18 ? { num_outputs: int(count) } : {};
        return {
          op: "Split",
          set,
          attributes: { axis, ...asAttribute, ...counted },
          inputs: stated && set >= 13 ? [x, list(sizes)] : [x],
          outputs: count,
          fed,
        };
      })
      // ONNX Runtime wants no part to be empty, which may come of a length that does not come out even.
      .filter(({ inputs, outputs, set }) => set < 18 || inputs.length > 1 || outputs < 3),
    80,
  ));

it("Reshape is ONNX Runtime's", () =>
  agreeing(
    shapes(1, 4).chain((dims) =>
      fc
        .record({
          x: tensors(dims),
          kept: fc.boolean(),
          open: fc.boolean(),
          set: fc.constantFrom(7, 13, 14, 21),
          fed: fedOf(2),
        })
        .map(({ x, kept, open, set, fed }) => {
          const first = kept ? 0 : dims[0];
          const others = dims.slice(1).reduce((a, b) => a * b, 1);
          return { op: "Reshape", set, inputs: [x, list([first, 1, open ? -1 : others])], fed };
        }),
    ),
  ));

it("Reshape of nothing is ONNX Runtime's, with allowzero and without", () =>
  agreeing(
    fc.tuple(fc.boolean(), fedOf(2)).map(([allowzero, fed]) => ({
      op: "Reshape",
      set: 14,
      attributes: { allowzero: int(allowzero ? 1 : 0) },
      inputs: [numbers("float32", [0, 3], 1), list(allowzero ? [3, 0] : [0, 3, 1])],
      fed,
    })),
    8,
  ));

it("Flatten is ONNX Runtime's", () =>
  agreeing(
    fc
      .tuple(shapes(1, 4), fc.constantFrom(9, 11, 13), fedOf(1))
      .chain(([dims, set, fed]) =>
        fc
          .tuple(tensors(dims), fc.integer({ min: set < 11 ? 0 : -dims.length, max: dims.length }))
          .map(([x, axis]) => ({ op: "Flatten", set, attributes: { axis: int(axis) }, inputs: [x], fed })),
      ),
  ));

it.each(["Squeeze", "Unsqueeze"])("%s is ONNX Runtime's", (op) =>
  agreeing(
    fc.tuple(shapes(1, 3), fc.constantFrom(7, 11, 13, 21), fc.boolean(), fedOf(2)).chain(([dims, set, back, fed]) => {
      const rank = dims.length + 2;
      return fc.shuffledSubarray([...Array(rank).keys()], { minLength: 2, maxLength: 2 }).chain((axes) => {
        const rest = [...dims];
        const long = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1)));
        return tensors(op === "Squeeze" ? long : dims).map((x) => {
          const named = back && set >= 11 ? axes.map((axis) => axis - rank) : axes;
          if (set >= 13) return { op, set, inputs: [x, list(named)], fed };
          return { op, set, attributes: { axes: ints(named) }, inputs: [x], fed };
        });
      });
    }),
  ),
);

it.each(["Shape", "Size"])("%s is ONNX Runtime's", (op) =>
  agreeing(
    fc
      .tuple(shapes(0, 4, 0), fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }), fedOf(1))
      .chain(([dims, start, end, fed]) =>
        tensors(dims).map((x) => ({
          op,
          set: 15,
          attributes: op === "Shape" ? { start: int(start), end: int(end) } : {},
          inputs: [x],
          fed,
        })),
      ),
  ),
);
