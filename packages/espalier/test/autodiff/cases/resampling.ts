import fc from "fast-check";
import { type Attributes, float, int, string } from "../../../src/onnx/attributes.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import type { Case } from "../check-gradient.ts";
import { type CaseFamily, type Drawn, dim, type Unseeded } from "./drawn.ts";

const linear: Partial<Case> = { dtype: "float32", step: 1 };

const pad: Drawn = fc
  .record({
    dims: fc.array(fc.integer({ min: 3, max: 5 }), { minLength: 1, maxLength: 3 }),
    sizes: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 6, maxLength: 6 }),
    mode: fc.constantFrom("constant", "reflect", "edge", "wrap"),
    named: fc.boolean(),
  })
  .map(({ dims, sizes, mode, named }) => {
    const rank = dims.length;
    const pads = named ? [sizes[0], sizes[1]] : [...sizes.slice(0, rank), ...sizes.slice(3, 3 + rank)];
    // Only a constant may take away on one side what it adds on the other.
    const sizesUsed = mode === "constant" ? pads : pads.map(Math.abs);
    return {
      inputs: [dims],
      build: (graph, dtype) =>
        graph.emit("Pad", ["x0", graph.ints(sizesUsed), graph.scalar(dtype, 7), ...(named ? [graph.ints([-1])] : [])], {
          mode: string(mode),
        }),
      opset: 19,
    };
  });

const numbers = (values: number[]) => float32([values.length], Float32Array.from(values));

/** By sizes or by scales, along the two axes of an image. */
const resize: Drawn = fc
  .record({
    from: fc.tuple(dim, dim),
    to: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    bySizes: fc.boolean(),
    mode: fc.constantFrom("nearest", "linear", "cubic"),
    nearest: fc.constantFrom("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    coordinates: fc.constantFrom("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"),
  })
  .map(({ from: [height, width], to, bySizes, mode, nearest, coordinates }) => ({
    inputs: [[2, 2, height + 1, width + 1]],
    build: (graph) => {
      const target = bySizes
        ? ["", graph.ints([2, 2, ...to])]
        : [graph.constant(numbers([1, 1, to[0] / 2 + 0.31, to[1] / 2 + 0.31]))];
      const attributes = {
        mode: string(mode),
        nearest_mode: string(nearest),
        coordinate_transformation_mode: string(coordinates),
      };
      return graph.emit("Resize", ["x0", "", ...target], attributes);
    },
    ...linear,
  }));

function resized(
  dims: number[],
  attributes: Attributes,
  inputs: { roi?: number[]; scales?: number[]; sizes?: number[] },
): Unseeded {
  return {
    inputs: [dims],
    build: (graph) => {
      const roi = inputs.roi ? graph.constant(numbers(inputs.roi)) : "";
      const scales = inputs.scales ? graph.constant(numbers(inputs.scales)) : "";
      return graph.emit("Resize", ["x0", roi, scales, ...(inputs.sizes ? [graph.ints(inputs.sizes)] : [])], attributes);
    },
    ...linear,
  };
}

export const resamplingCases: CaseFamily = {
  Pad: {
    drawn: pad,
    runs: 20,
  },
  Resize: {
    drawn: resize,
    runs: 30,
    edges: {
      "a cropped region": resized(
        [1, 2, 5, 5],
        {
          mode: string("linear"),
          coordinate_transformation_mode: string("tf_crop_and_resize"),
          extrapolation_value: float(3),
        },
        { roi: [0, 0, 0.2, -0.2, 1, 1, 0.8, 1.1], sizes: [1, 2, 4, 7] },
      ),
      "named axes": resized(
        [2, 5, 4, 3],
        { mode: string("nearest"), axes: { kind: "ints", value: [2, -1] } },
        { sizes: [7, 5] },
      ),
      "smaller with antialias: linear": resized(
        [1, 2, 7, 6],
        { mode: string("linear"), antialias: int(1) },
        { sizes: [1, 2, 3, 4] },
      ),
      "smaller with antialias: cubic": resized(
        [1, 2, 7, 6],
        { mode: string("cubic"), antialias: int(1), cubic_coeff_a: float(-0.5), exclude_outside: int(1) },
        { sizes: [1, 2, 3, 4] },
      ),
      "three axes": resized([1, 2, 2, 3, 2], { mode: string("linear") }, { scales: [1, 1, 2, 1.5, 2] }),
      "one axis": resized([1, 2, 5], { mode: string("linear") }, { scales: [1, 1, 2] }),
      "the axes of a matrix": resized([3, 4], { mode: string("linear") }, { scales: [2, 1.5] }),
    },
  },
};
