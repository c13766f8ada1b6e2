import { flag, int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { led, WINDOW_ATTRIBUTES, type WindowAttributes, type Windows, windowsOf } from "../windows.ts";
import { FLOAT } from "./types.ts";

/** Largest elements of windows. */
const maxPool = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  // How indices are counted: they are an output of their own, which is not computed.
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: flag(false), storage_order: int(0) },
  plan(context) {
    const { x } = context.inputs;
    const { attributes, machine } = context;
    const windows = windowsOf(context, attributes, x.dims, attributes.kernel_shape ?? [], attributes.ceil_mode);
    checkPadding(context, windows, context.attributes.auto_pad);
    if (windows.input.length > 2 || windows.dilations.some((n) => n !== 1)) return largest(context, x, windows);
    const [[height, width], [outHeight, outWidth]] = [led(windows, 2).input, led(windows, 2).output];
    const { kernel, strides, begin } = led(windows, 2);
    const planes = x.dims[0] * x.dims[1];
    const row = begin[1] + Math.max(width, outWidth * strides[1]) + kernel[1] + 2 * strides[1] + 8;
    const scratch = context.scratch(2 * row);
    const y = context.output("float32", [x.dims[0], x.dims[1], ...windows.output], { rectified: x.rectified });
    const [from, to] = [context.at(x), context.at(y)];
    const { kernels } = machine;
    return () =>
      kernels.maxPool(
        from,
        to,
        scratch,
        height,
        width,
        outHeight,
        outWidth,
        kernel[0],
        kernel[1],
        strides[0],
        strides[1],
        begin[0],
        begin[1],
        planes,
      );
  },
});

/**
 * Refuses windows of nothing but padding, which have no largest element and no mean, and automatic padding of dilated
 * ones, in which ONNX Runtime and ONNX's definition do not agree.
 */
function checkPadding(context: Planning, { kernel, dilations, begin, end }: Windows, automatic: string): void {
  if (automatic.startsWith("SAME") && dilations.some((n) => n !== 1)) {
    context.refuse(`pads windows of dilations [${dilations}] by itself`);
  }
  const reach = kernel.map((length, axis) => (length - 1) * dilations[axis] + 1);
  if (reach.some((length, axis) => Math.max(begin[axis], end[axis]) >= length)) {
    context.refuse(`has windows of [${reach}] in a padding of [${begin}] and [${end}]`);
  }
}

/** The places of an axis that each window reads. */
function placesAlong({ kernel, strides, dilations, begin, input, output }: Windows, axis: number): number[][] {
  return Array.from({ length: output[axis] }, (_, i) =>
    Array.from({ length: kernel[axis] }, (_, k) => i * strides[axis] - begin[axis] + k * dilations[axis]).filter(
      (place) => place >= 0 && place < input[axis],
    ),
  );
}

/** Joins the elements of each window, in up to three axes. */
function pool(
  context: Planning,
  x: Value<"float32">,
  windows: Windows,
  start: number,
  join: (joined: number, x: number) => number,
  counts?: readonly (readonly number[])[],
): Step {
  const y = context.output("float32", [x.dims[0], x.dims[1], ...windows.output], { rectified: x.rectified });
  const [view, result] = [context.view(x), context.view(y)];
  const [slabs, rows, columns] = [0, 1, 2].map((axis) => placesAlong(led(windows, 3), axis));
  const [depth, height, width] = led(windows, 3).input;
  const planes = x.dims[0] * x.dims[1];
  return () => {
    const [from, to] = [view(), result()];
    let at = 0;
    for (let plane = 0; plane < planes; plane++) {
      for (const [d, slab] of slabs.entries()) {
        for (const [h, row] of rows.entries()) {
          for (const [w, column] of columns.entries()) {
            let joined = start;
            for (const i of slab) {
              for (const j of row) {
                const line = ((plane * depth + i) * height + j) * width;
                for (const k of column) joined = join(joined, from[line + k]);
              }
            }
            to[at++] = counts ? joined / (counts[0][d] * counts[1][h] * counts[2][w]) : joined;
          }
        }
      }
    }
  };
}

function largest(context: Planning, x: Value<"float32">, windows: Windows): Step {
  return pool(context, x, windows, Number.NEGATIVE_INFINITY, Math.max);
}

interface Averaging extends WindowAttributes {
  readonly kernel_shape?: readonly number[];
  readonly ceil_mode: boolean;
  readonly count_include_pad: boolean;
}

/** Means of windows, over what they have of the image or of it and its padding. */
function average(context: Planning, x: Value<"float32">, attributes: Averaging): Step {
  const windows = windowsOf(context, attributes, x.dims, attributes.kernel_shape ?? [], attributes.ceil_mode);
  checkPadding(context, windows, attributes.auto_pad);
  const { kernel, strides, dilations, begin, end, input } = led(windows, 3);
  const counts = [0, 1, 2].map((axis) =>
    placesAlong(led(windows, 3), axis).map((inside, i) => {
      if (!attributes.count_include_pad) return inside.length;
      const left = input[axis] + end[axis] + begin[axis] - i * strides[axis];
      return Math.min(kernel[axis], Math.ceil(left / dilations[axis]));
    }),
  );
  return pool(context, x, windows, 0, (sum, x) => sum + x, counts);
}

const averagePool = operator({
  since: 7,
  inputs: { x: needed(FLOAT) },
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: flag(false), count_include_pad: flag(false) },
  plan: (context) => average(context, context.inputs.x, context.attributes),
});

/** A pooling over all places of a plane. */
function everywhere(join: (a: number, b: number) => number, start: number, mean: boolean) {
  return operator({
    since: 1,
    inputs: { x: needed(FLOAT) },
    attributes: {},
    plan(context) {
      const { x } = context.inputs;
      if (x.dims.length < 3) context.wrong(`reads [${x.dims}], which has no axis beside samples and channels`);
      const [batch, channels, ...places] = x.dims;
      const y = context.output("float32", [batch, channels, ...places.map(() => 1)], { rectified: x.rectified });
      const [view, result] = [context.view(x), context.view(y)];
      const size = sizeOf(places);
      return () => {
        const [from, to] = [view(), result()];
        for (let i = 0; i < to.length; i++) {
          let joined = start;
          for (let p = i * size; p < (i + 1) * size; p++) joined = join(joined, from[p]);
          to[i] = mean ? joined / size : joined;
        }
      };
    },
  });
}

/** Pooling. */
export const poolingOperators: Operators = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: everywhere((sum, x) => sum + x, 0, true),
  GlobalMaxPool: everywhere(Math.max, Number.NEGATIVE_INFINITY, false),
};
