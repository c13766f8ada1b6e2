import { flag, ints } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { led, listOf, WINDOW_ATTRIBUTES, type Windows, windowsOf } from "../windows.ts";
import { checkPadding, placesAlong } from "./pooling.ts";
import { wholesOf } from "./shapes.ts";
import { FLOAT, INT64 } from "./types.ts";

const PLAIN = ["float32", "uint8", "int8"] as const;

/** Largest elements of windows, and where they stand. */
const maxPool = operator({
  since: 1,
  inputs: { x: needed(PLAIN) },
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: flag(false), storage_order: flag(false) },
  outputs: 2,
  plan(context) {
    const { x } = context.inputs;
    const { attributes, machine } = context;
    const windows = windowsOf(context, attributes, x.dims, attributes.kernel_shape ?? [], attributes.ceil_mode);
    checkPadding(context, windows, attributes.auto_pad);
    const plain = windows.input.length <= 2 && windows.dilations.every((n) => n === 1) && !context.wants(1);
    if (!plain || x.type !== "float32") return largest(context, x, windows, attributes.storage_order);
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
 * The largest elements in up to three axes, and their places among all elements.
 * @param columns true if places of a plane are counted with the first axis innermost
 */
function largest(context: Planning, x: Value<(typeof PLAIN)[number]>, windows: Windows, columns: boolean): Step {
  const dims = [x.dims[0], x.dims[1], ...windows.output];
  const result = context.view(context.output(x.type, dims, { rectified: x.rectified }));
  const indices = context.wants(1) ? context.view(context.output("int64", dims, { index: 1 })) : undefined;
  const view = context.view(x);
  const all = [0, 1, 2].map((axis) => placesAlong(led(windows, 3), axis));
  const [depth, height, width] = led(windows, 3).input;
  const steps = columns ? [1, depth, depth * height] : [height * width, width, 1];
  const plane = depth * height * width;
  return () => {
    const [from, to, where] = [view(), result(), indices?.()];
    let at = 0;
    for (let start = 0; start < from.length; start += plane) {
      for (const slabs of all[0]) {
        for (const rows of all[1]) {
          for (const places of all[2]) {
            let [most, place] = [Number.NEGATIVE_INFINITY, -1];
            for (const i of slabs) {
              for (const j of rows) {
                for (const k of places) {
                  const value = from[start + (i * height + j) * width + k];
                  // A first element is taken even where it is minus infinity; one that is not a number is kept.
                  if (place >= 0 && !(value > most || Number.isNaN(value))) continue;
                  most = value;
                  place = i * steps[0] + j * steps[1] + k * steps[2];
                }
              }
            }
            if (where) where[at] = BigInt(start + place);
            to[at++] = most;
          }
        }
      }
    }
  };
}

/** Puts elements where a MaxPool found them; all others are zero. */
const maxUnpool = operator({
  since: 9,
  inputs: { x: needed(FLOAT), indices: needed(INT64), shape: optional(INT64) },
  attributes: { kernel_shape: ints(), pads: ints(), strides: ints() },
  plan(context) {
    const { x, indices, shape } = context.inputs;
    const { kernel_shape = [], pads, strides } = context.attributes;
    const [batch, channels, ...places] = x.dims;
    if (indices.dims.join() !== x.dims.join()) context.wrong(`has elements [${x.dims}] and places [${indices.dims}]`);
    const [kernel, steps, around] = [
      listOf(context, kernel_shape, 1, places.length),
      listOf(context, strides, 1, places.length),
      listOf(context, pads, 0, 2 * places.length),
    ];
    const found = places.map(
      (length, axis) => (length - 1) * steps[axis] + kernel[axis] - around[axis] - around[axis + places.length],
    );
    const asked = shape && wholesOf(context, shape);
    if (asked && asked.length !== x.dims.length) context.wrong(`makes [${asked}] of [${x.dims}]`);
    const dims = asked ?? [batch, channels, ...found];
    // Places are counted in the tensor that was pooled: in a larger one they would mean others.
    if (asked && asked.join() !== [batch, channels, ...found].join()) context.refuse(`makes [${asked}] for [${found}]`);
    const [input, given, output] = [
      context.view(x),
      context.view(indices),
      context.view(context.output("float32", dims)),
    ];
    const size = sizeOf(dims);
    return () => {
      const [from, at, to] = [input(), given(), output()];
      to.fill(0);
      for (let i = 0; i < from.length; i++) {
        const place = Number(at[i]);
        if (!(place >= 0 && place < size)) context.wrong(`puts an element at ${place} of ${size}`);
        to[place] = from[i];
      }
    };
  },
});

/** Pooling by largest elements, and back. */
export const maxPoolingOperators: Operators = { MaxPool: maxPool, MaxUnpool: maxUnpool };
