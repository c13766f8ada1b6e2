import fc from "fast-check";
import { it } from "vitest";
import { float, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, between, normals, type Source } from "../one-operator.ts";

const dims = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });
const sources = fc.array(fc.constantFrom<Source>("fed", "constant", "computed"), { minLength: 3, maxLength: 3 });
const epsilon = fc.constantFrom(1e-5, 1e-3);
const options = { numRuns: 25, seed: 1 };

it("InstanceNormalization is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, sources, epsilon, fc.constantFrom(7, 21, 22), async (shape, from, least, set) => {
      const x = normals([...shape.slice(0, 2), ...shape.slice(1)], 1);
      const each = [normals([shape[1]], 2), normals([shape[1]], 3)];
      const attributes = { epsilon: float(least) };
      await agrees({ op: "InstanceNormalization", set, inputs: [x, ...each], sources: from, attributes, apart: 3e-5 });
    }),
    options,
  ));

it.each([18, 21])("GroupNormalization of operator set %d is that of ONNX Runtime", (set) =>
  fc.assert(
    fc.asyncProperty(dims, sources, epsilon, fc.integer({ min: 1, max: 3 }), async (shape, from, least, size) => {
      const [batch, groups, ...places] = shape;
      const x = normals([batch, groups * size, ...places, 3], 1);
      const scales = set === 18 ? groups : groups * size;
      await agrees({
        op: "GroupNormalization",
        set,
        inputs: [x, normals([scales], 2), normals([scales], 3)],
        sources: from,
        attributes: { epsilon: float(least), num_groups: int(groups) },
        apart: 3e-5,
      });
    }),
    options,
  ),
);

it("LayerNormalization and RMSNormalization are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, sources, fc.nat(), fc.boolean(), async (shape, from, which, shifted) => {
      const x = normals([...shape, 4], 1);
      const axis = (which % (x.dims.length * 2)) - x.dims.length;
      const tail = x.dims.slice(axis);
      const scale = normals(tail, 2);
      const attributes = { axis: int(axis), epsilon: float(1e-4) };
      const inputs = [x, scale, shifted ? normals(tail, 3) : undefined];
      // ONNX Runtime crashes where all of them are constant.
      const own: Source[] = ["fed", ...from];
      await agrees({ op: "LayerNormalization", set: 17, inputs, sources: own, attributes, apart: 3e-5 });
      await agrees({ op: "RMSNormalization", set: 23, inputs: [x, scale], sources: own, attributes });
    }),
    options,
  ));

it("MeanVarianceNormalization and LRN are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, fc.subarray([0, 1, 2]), fc.integer({ min: 1, max: 6 }), async (shape, axes, size) => {
      const x = between([...shape, 3, 4].slice(0, 3).concat(4), 1, -2, 3);
      await agrees({
        op: "MeanVarianceNormalization",
        set: 13,
        inputs: [x],
        attributes: { axes: ints([...axes, 3]) },
        apart: 3e-5,
      });
      const attributes = {
        size: int(2 * Math.floor(size / 2) + 1),
        alpha: float(0.3),
        beta: float(0.6),
        bias: float(1.5),
      };
      await agrees({ op: "LRN", set: 13, inputs: [x], attributes });
    }),
    options,
  ));

it("LpNormalization, Softmax, LogSoftmax and Hardmax are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      dims,
      fc.nat(),
      fc.constantFrom(1, 2),
      fc.constantFrom(7, 11, 13, 21),
      async (shape, which, p, set) => {
        const x = normals(shape, 1);
        const axis = which % shape.length;
        await agrees({ op: "LpNormalization", set, inputs: [x], attributes: { axis: int(axis), p: int(p) } });
        for (const op of ["Softmax", "LogSoftmax", "Hardmax"]) {
          await agrees({ op, set, inputs: [x], attributes: { axis: int(axis) } });
          await agrees({ op, set, inputs: [x] });
        }
      },
    ),
    options,
  ));
