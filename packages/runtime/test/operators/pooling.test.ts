import fc from "fast-check";
import { it } from "vitest";
import { int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, normals, type Source, wholes } from "../one-operator.ts";

const how = fc
  .integer({ min: 1, max: 3 })
  .chain((axes) => {
    const each = (min: number, max: number) => fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });
    return fc.record({
      lengths: each(3, 6),
      kernel: each(1, 3),
      strides: each(1, 2),
      dilations: each(1, 2),
      begin: each(0, 1),
      end: each(0, 1),
      up: fc.boolean(),
      columns: fc.boolean(),
      p: fc.integer({ min: 1, max: 3 }),
    });
  })
  .map(({ begin, end, dilations, ...given }) => {
    // A padding must be smaller than the window, and with what is around it the image must hold one.
    const held = (pads: number[]) => pads.map((pad, axis) => (given.kernel[axis] > 1 ? pad : 0));
    const fits = dilations.map((n, axis) => ((given.kernel[axis] - 1) * n < given.lengths[axis] ? n : 1));
    return { ...given, dilations: fits, pads: [...held(begin), ...held(end)] };
  });

const options = { numRuns: 60, seed: 1 };

it("MaxPool and its indices are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(how, fc.boolean(), async ({ lengths, kernel, strides, dilations, pads, up, columns }, bytes) => {
      const dims = [2, 2, ...lengths];
      const x = bytes ? wholes("uint8", dims, 1, 0, 256) : normals(dims, 1);
      const attributes = {
        kernel_shape: ints(kernel),
        strides: ints(strides),
        dilations: ints(dilations),
        pads: ints(pads),
        ceil_mode: int(up ? 1 : 0),
      };
      await agrees({ op: "MaxPool", set: 12, inputs: [x], attributes });
      const indices = { ...attributes, storage_order: int(columns ? 1 : 0) };
      await agrees({ op: "MaxPool", set: 12, inputs: [x], attributes: indices, outputs: [x.dtype, "int64"] });
    }),
    options,
  ));

it("LpPool is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(how, async ({ lengths, kernel, strides, pads, p }) => {
      const x = normals([2, 2, ...lengths], 1);
      const attributes = { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads), p: int(p) };
      await agrees({ op: "LpPool", set: 11, inputs: [x], attributes });
      await agrees({ op: "GlobalLpPool", set: 2, inputs: [x], attributes: { p: int(p) } });
    }),
    options,
  ));

it("AveragePool is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(how, fc.boolean(), async ({ lengths, kernel, strides, pads }, whole) => {
      const x = normals([2, 2, ...lengths], 1);
      const attributes = {
        kernel_shape: ints(kernel),
        strides: ints(strides),
        pads: ints(pads),
        count_include_pad: int(whole ? 1 : 0),
      };
      await agrees({ op: "AveragePool", set: 11, inputs: [x], attributes });
    }),
    options,
  ));

it("MaxUnpool is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom<Source>("fed", "constant", "computed"),
      async (height, width, source) => {
        const dims = [1, 2, height, width];
        const count = 2 * height * width;
        // Each to a place of its own.
        const places = {
          dtype: "int64" as const,
          dims,
          data: BigInt64Array.from({ length: count }, (_, i) => BigInt(4 * i + (i % 4))),
        };
        const attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
        await agrees({
          op: "MaxUnpool",
          set: 11,
          inputs: [normals(dims, 1), places],
          sources: ["fed", source],
          attributes,
        });
      },
    ),
    { numRuns: 20, seed: 1 },
  ));

it.each([
  [[1, 3, 7], [4, 3, 3], { pads: ints([1, 2]), dilations: ints([2]) }],
  [[1, 4, 5, 6, 4], [4, 2, 2, 3, 1], { group: int(2), strides: ints([1, 2, 1]), dilations: ints([2, 1, 1]) }],
])(
  "Conv over [%s] by filters [%s] that are fed, constant or computed is that of ONNX Runtime",
  async (dims, filters, attributes) => {
    for (const source of ["fed", "constant", "computed"] as const) {
      const inputs = [normals(dims, 1), normals(filters, 2), normals([filters[0]], 3)];
      await agrees({ op: "Conv", set: 11, inputs, sources: ["fed", source, source], attributes });
    }
  },
);
