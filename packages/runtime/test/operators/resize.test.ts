import fc from "fast-check";
import { expect, it } from "vitest";
import { float, int, ints, string } from "../../../espalier/src/onnx/attributes.ts";
import { int64s, type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { UnsupportedError } from "../../src/errors.ts";
import { agrees, normals, type Source, wholes } from "../one-operator.ts";

const source = fc.constantFrom<Source>("fed", "constant", "computed");
const sources = fc.tuple(source, source, source, source);
const place = fc.integer({ min: 1, max: 7 });
const image = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }), place, place);
const options = { numRuns: 120, seed: 1 };
const numbers = (values: readonly number[]): NumericTensor => ({
  dtype: "float32",
  dims: [values.length],
  data: Float32Array.from(values),
});

const how = fc.record({
  set: fc.constantFrom(11, 13, 18, 19),
  mode: fc.constantFrom("nearest", "linear", "cubic"),
  coordinates: fc.constantFrom(
    "half_pixel",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
    "tf_half_pixel_for_nn",
  ),
  rounding: fc.constantFrom("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
  exclude: fc.boolean(),
  sizes: fc.option(fc.tuple(place, place), { nil: undefined }),
  scales: fc.tuple(fc.constantFrom(0.5, 0.6, 1, 1.5, 2, 2.4, 3), fc.constantFrom(0.5, 0.75, 1, 2, 2.5, 4)),
});

it("Resize is that of ONNX Runtime, or refused", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(image, sources, how, async (dims, from, asked) => {
      const { set, mode, coordinates, rounding, exclude, sizes, scales } = asked;
      // Taken away with operator set 13.
      fc.pre(coordinates !== "tf_half_pixel_for_nn" || set < 13);
      fc.pre(dims.every((dim, axis) => axis < 2 || Math.floor(dim * scales[axis - 2]) > 0));
      // ONNX Runtime does not crop an axis that keeps its length.
      const outputs = sizes ?? scales.map((scale, i) => Math.floor(dims[i + 2] * scale));
      fc.pre(coordinates !== "tf_crop_and_resize" || outputs.every((length, i) => length !== dims[i + 2]));
      const roi = coordinates === "tf_crop_and_resize" ? numbers([0, 0, 0.1, 0.2, 1, 1, 0.9, 1.1]) : numbers([]);
      const given = sizes
        ? [normals(dims, 1), roi, numbers([]), int64s([dims[0], dims[1], ...sizes])]
        : [normals(dims, 1), roi, numbers([1, 1, ...scales])];
      const attributes = {
        mode: string(mode),
        coordinate_transformation_mode: string(coordinates),
        nearest_mode: string(rounding),
        exclude_outside: int(exclude && mode === "cubic" ? 1 : 0),
        extrapolation_value: float(0.25),
      };
      const own: Source[] = [from[0], from[1], sizes ? "constant" : from[2], from[3]];
      try {
        await agrees({ op: "Resize", set, inputs: given, sources: own, attributes });
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        refused++;
      }
    }),
    options,
  );
  expect(refused).toBeLessThan(15);
});

it("Resize keeps a ratio and names axes as ONNX Runtime does", () =>
  fc.assert(
    fc.asyncProperty(
      image,
      fc.tuple(place, place),
      fc.constantFrom("stretch", "not_larger", "not_smaller"),
      async (dims, to, policy) => {
        const attributes = { mode: string("linear"), keep_aspect_ratio_policy: string(policy), axes: ints([2, 3]) };
        const inputs = [normals(dims, 1), undefined, undefined, int64s(to)];
        await agrees({ op: "Resize", set: 19, inputs, attributes });
      },
    ),
    { numRuns: 30, seed: 1 },
  ));

it("Upsample, and Resize before it had modes, are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(image, source, fc.constantFrom("nearest", "linear"), how, async (dims, from, mode, { scales }) => {
      const x = normals(dims, 1);
      const larger = scales.map((scale) => Math.max(1, scale));
      const all = [1, 1, ...larger];
      await agrees({
        op: "Upsample",
        set: 7,
        inputs: [x],
        attributes: { mode: string(mode), scales: { kind: "floats", value: all } },
      });
      const attributes = { mode: string(mode) };
      await agrees({ op: "Upsample", set: 9, inputs: [x, numbers(all)], sources: ["fed", from], attributes });
      fc.pre(dims.every((dim, axis) => axis < 2 || Math.floor(dim * scales[axis - 2]) > 0));
      await agrees({
        op: "Resize",
        set: 10,
        inputs: [x, numbers([1, 1, ...scales])],
        sources: ["fed", from],
        attributes,
      });
    }),
    { numRuns: 60, seed: 1 },
  ));

it.each([
  ["DepthToSpace", "DCR", 11],
  ["DepthToSpace", "CRD", 13],
  ["SpaceToDepth", undefined, 13],
])("%s %s is that of ONNX Runtime", (op, mode, set) =>
  fc.assert(
    fc.asyncProperty(image, fc.integer({ min: 1, max: 3 }), async ([batch, channels, height, width], size) => {
      const dims = mode ? [batch, channels * size ** 2, height, width] : [batch, channels, height * size, width * size];
      const attributes = { blocksize: int(size), ...(mode && { mode: string(mode) }) };
      await agrees({ op, set, inputs: [normals(dims, 1)], attributes });
      expect(sizeOf(dims)).toBeGreaterThan(0);
    }),
    { numRuns: 15, seed: 1 },
  ),
);

it("Resize moves whole numbers to the nearest place", () =>
  agrees({
    op: "Resize",
    set: 13,
    inputs: [wholes("uint8", [1, 2, 3, 4], 1, 0, 256), undefined, numbers([1, 1, 2, 1.5])],
    attributes: { mode: string("nearest") },
  }));

it.each(["round_prefer_floor", "round_prefer_ceil"])(
  "Resize takes halves that float32 moved for halves: %s",
  async (rounding) => {
    const lengths = [
      [7, 4],
      [14, 8],
      [21, 12],
      [26, 28],
      [30, 8],
    ];
    for (const [from, to] of lengths) {
      await agrees({
        op: "Resize",
        set: 18,
        attributes: {
          mode: string("nearest"),
          coordinate_transformation_mode: string("asymmetric"),
          nearest_mode: string(rounding),
        },
        inputs: [normals([1, 1, 2, from], 1), numbers([]), numbers([]), int64s([1, 1, 3, to])],
        sources: ["fed", "constant", "constant", "constant"],
      });
    }
  },
);
