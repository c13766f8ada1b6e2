import { flag, int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { led, WINDOW_ATTRIBUTES, type WindowAttributes, type Windows, windowsOf } from "../windows.ts";
import { FLOAT } from "./types.ts";

/**
 * Refuses windows of nothing but padding, which have no largest element and no mean, and automatic padding of dilated
 * ones, in which ONNX Runtime and ONNX's definition do not agree.
 */
export function checkPadding(context: Planning, windows: Windows, automatic: string): void {
  const { kernel, dilations, begin, end } = windows;
  if (automatic.startsWith("SAME") && dilations.some((n) => n !== 1)) {
    context.refuse(`pads windows of dilations [${dilations}] by itself`);
  }
  const reach = kernel.map((length, axis) => (length - 1) * dilations[axis] + 1);
  const empty = kernel.some((_, axis) => placesAlong(windows, axis).some((places) => places.length === 0));
  if (empty || reach.some((length, axis) => Math.max(begin[axis], end[axis]) >= length)) {
    context.refuse(`has windows of [${reach}] in a padding of [${begin}] and [${end}]`);
  }
}

/** The places of an axis that each window reads. */
export function placesAlong({ kernel, strides, dilations, begin, input, output }: Windows, axis: number): number[][] {
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
  end: (joined: number, d: number, h: number, w: number) => number,
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
            to[at++] = end(joined, d, h, w);
          }
        }
      }
    }
  };
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
  const size = (d: number, h: number, w: number) => counts[0][d] * counts[1][h] * counts[2][w];
  return pool(
    context,
    x,
    windows,
    0,
    (sum, x) => sum + x,
    (sum, d, h, w) => sum / size(d, h, w),
  );
}

const averagePool = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: flag(false), count_include_pad: flag(false) },
  plan: (context) => average(context, context.inputs.x, context.attributes),
});

/** The p-norms of windows, that is the roots of the sums of their elements' powers. */
const lpPool = operator({
  since: 2,
  inputs: { x: needed(FLOAT) },
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: flag(false), p: int(2) },
  plan(context) {
    const { x } = context.inputs;
    const { p, kernel_shape = [], ceil_mode } = context.attributes;
    const windows = windowsOf(context, context.attributes, x.dims, kernel_shape, ceil_mode);
    checkPadding(context, windows, context.attributes.auto_pad);
    return pool(
      context,
      x,
      windows,
      0,
      (sum, x) => sum + Math.abs(x) ** p,
      (sum) => sum ** (1 / p),
    );
  },
});

/** Views of what is read and of what is made of each plane, and the size of a plane. */
function planes(context: Planning, x: Value<"float32">) {
  if (x.dims.length < 3) context.wrong(`reads [${x.dims}], which has no axis beside samples and channels`);
  const [batch, channels, ...places] = x.dims;
  const y = context.output("float32", [batch, channels, ...places.map(() => 1)], { rectified: x.rectified });
  return [context.view(x), context.view(y), sizeOf(places)] as const;
}

/** Joins all places of a plane. */
function overPlanes(
  context: Planning,
  x: Value<"float32">,
  start: number,
  join: (joined: number, x: number) => number,
  end: (joined: number, size: number) => number,
): Step {
  const [view, result, size] = planes(context, x);
  return () => {
    const [from, to] = [view(), result()];
    for (let i = 0; i < to.length; i++) {
      let joined = start;
      for (let p = i * size; p < (i + 1) * size; p++) joined = join(joined, from[p]);
      to[i] = end(joined, size);
    }
  };
}

const globalAveragePool = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const [view, result, size] = planes(context, context.inputs.x);
    return () => {
      const [from, to] = [view(), result()];
      for (let i = 0, p = 0; i < to.length; i++) {
        // Four sums, none of which waits for another.
        let [a, b, c, d] = [0, 0, 0, 0];
        const end = p + size;
        for (; p + 4 <= end; p += 4) {
          a += from[p];
          b += from[p + 1];
          c += from[p + 2];
          d += from[p + 3];
        }
        for (; p < end; p++) a += from[p];
        to[i] = (a + b + (c + d)) / size;
      }
    };
  },
});

const globalMaxPool = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: {},
  plan: (context) => overPlanes(context, context.inputs.x, Number.NEGATIVE_INFINITY, Math.max, (most) => most),
});

const globalLpPool = operator({
  since: 2,
  inputs: { x: needed(FLOAT) },
  attributes: { p: int(2) },
  plan(context) {
    const { p } = context.attributes;
    return overPlanes(
      context,
      context.inputs.x,
      0,
      (sum, x) => sum + Math.abs(x) ** p,
      (sum) => sum ** (1 / p),
    );
  },
});

/** Pooling by sums. */
export const poolingOperators: Operators = {
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  GlobalLpPool: globalLpPool,
};
