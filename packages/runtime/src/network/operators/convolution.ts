import type { Kernels } from "../../kernels/kernels.ts";
import { int } from "../attributes.ts";
import type { Constant } from "../constant.ts";
import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import { type Laid, type Matrix, type Multiplier, TILE } from "../matrix.ts";
import { elementsOf } from "../matrix-elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { led, WINDOW_ATTRIBUTES, type WindowAttributes, type Windows, windowsOf } from "../windows.ts";
import { correlate } from "./correlate.ts";
import { depthwise } from "./depthwise.ts";
import { FLOAT } from "./types.ts";

/**
 * A convolution as a sparse matrix over planes. The image is laid out with its padding, and for strides as one plane for
 * each remainder of row and column, so that every weight multiplies one unbroken stretch of memory: the output, row
 * behind row at the pitch of the input, is a sum of such stretches. What falls between the rows is left behind.
 * The groups of a grouped convolution are zeros of the matrix.
 */
const conv = operator({
  since: 1,
  inputs: { x: needed(FLOAT), w: needed(FLOAT), b: optional(FLOAT) },
  attributes: { ...WINDOW_ATTRIBUTES, group: int(1) },
  plan(context) {
    const { x, w, b } = context.inputs;
    const { group } = context.attributes;
    const windows = filtersOver(context, x, w, context.attributes);
    const [filters, , ...kernel] = w.dims;
    if (b && (b.dims.length !== 1 || b.dims[0] !== filters))
      context.wrong(`has ${filters} filters and biases [${b.dims}]`);
    const [weights, bias] = [context.constant(w), context.constant(b)];
    const dims = [x.dims[0], filters, ...windows.output];
    if (!weights || (b && !bias) || kernel.length > 2) return correlate(context, context.inputs, group, windows, dims);
    const layer = context.kept([w, b], () => layerOf(context, weights, group, bias));
    const floor = context.takesRelu() ? 0 : Number.NEGATIVE_INFINITY;
    const y = context.output("float32", dims);
    const from = { at: context.at(x), dims: x.dims };
    return convolve(context, layer, sizeOf(w.dims.slice(1)), from, context.at(y), windows, floor);
  },
});

interface Filtering extends WindowAttributes {
  readonly group: number;
  readonly kernel_shape?: readonly number[];
}

/** How the windows of filters lie over an image. */
export function filtersOver(context: Planning, x: Value, w: Value, attributes: Filtering): Windows {
  const { group, kernel_shape } = attributes;
  const [filters, channels, ...kernel] = w.dims;
  if (w.dims.length !== x.dims.length) context.wrong(`filters [${x.dims}] by [${w.dims}]`);
  if (!(group >= 1 && filters % group === 0) || x.dims[1] !== channels * group) {
    context.wrong(`has filters [${w.dims}] in ${group} groups for ${x.dims[1]} channels`);
  }
  if (kernel_shape && kernel_shape.join() !== kernel.join()) {
    context.wrong(`states a kernel of [${kernel_shape}] and has one of [${kernel}]`);
  }
  return windowsOf(context, attributes, x.dims, kernel);
}

/** The density of filters from which on every one of a plane of its own is kept dense. */
const DENSE_PLANES = 0.25;

/** Convolves images by the weights of {@link layerOf}, of so many taps each. */
export function convolve(
  context: Planning,
  layer: Matrix,
  taps: number,
  from: Laid,
  to: number,
  windows: Windows,
  floor: number,
): Step {
  // Only filters of planes of their own have fewer columns than all planes have taps.
  const apart = layer.columns === taps && from.dims[1] * sizeOf(windows.kernel) > taps;
  return apart
    ? depthwise(context, layer, from, to, led(windows, 2), floor)
    : slide(context, layer, from, to, windows, floor);
}

/**
 * The weights as a matrix [filters, all channels x kernel]; where every filter has a channel of its own, [filters,
 * kernel].
 */
export function layerOf(
  context: Pick<Planning, "matrix">,
  weights: Constant<"float32">,
  groups: number,
  bias: Constant<"float32"> | undefined,
): Matrix {
  const [filters, channels, ...kernel] = weights.dims;
  const taps = channels * sizeOf(kernel);
  // Asked for when the elements are gone through, which is later.
  const first = (filter: number) => (apart ? 0 : Math.floor((filter * groups) / filters) * taps);
  const elements = elementsOf(weights.source, { width: taps, first });
  const single = groups > 1 && groups === filters && channels === 1;
  const apart = single && elements.most >= DENSE_PLANES * filters * taps;
  return context.matrix(filters, apart ? taps : groups * taps, elements, bias?.numbers());
}

/** True if every weight multiplies the whole plane as it is. */
function isPlain({ kernel, strides, begin, end }: Windows): boolean {
  return [...kernel, ...strides].every((n) => n === 1) && [...begin, ...end].every((n) => n === 0);
}

/** Convolves images of up to two axes. @param to where the outputs go, of four bytes too */
export function slide(
  context: Planning,
  layer: Multiplier,
  from: Laid,
  to: number,
  windows: Windows,
  floor: number,
): Step {
  const run = isPlain(windows) ? pointwise : spread;
  return run(context, layer, from, to, led(windows, 2), floor);
}

function pointwise(
  context: Planning,
  layer: Multiplier,
  { at: from, dims: [samples] }: Laid,
  output: number,
  { input }: Windows,
  floor: number,
): Step {
  const plane = sizeOf(input);
  // The last vector of a plane may reach into what lies behind it.
  const length = padded(plane);
  layer.prepare("matrix", 4 * Math.min(TILE, length));
  const offsets = context.table(Array.from({ length: layer.columns }, (_, channel) => 4 * channel * plane));
  const direct = layer.written === layer.rows && length === plane;
  const result = direct ? undefined : context.scratch(layer.written * length);
  const { kernels } = context.machine;
  return () => {
    for (let n = 0; n < samples; n++) {
      const to = output + 4 * n * layer.rows * plane;
      layer.correlate(offsets, from + 4 * n * layer.columns * plane, result ?? to, length, floor);
      if (result !== undefined) kernels.copyPlanes(layer.rows, 1, plane, result, 4 * length, 0, 4, to, 4 * plane, 0);
    }
  };
}

/** Outputs are made in bands of rows, of at most about so many bytes before they are copied to their place. */
const BAND = 2 ** 20;

function spread(
  context: Planning,
  layer: Multiplier,
  { at: from, dims: [samples, channels] }: Laid,
  target: number,
  windows: Windows,
  floor: number,
): Step {
  const { kernel, strides, dilations, begin, end, input, output } = windows;
  const [rows, pitch] = [0, 1].map((axis) => Math.ceil((input[axis] + begin[axis] + end[axis]) / strides[axis]));
  const plane = rows * pitch;
  const phases = strides[0] * strides[1];
  const reach = Math.min(kernel[0] * (TILE * strides[1] + kernel[1]), phases * TILE + kernel[0] * strides[1] * pitch);
  layer.prepare("matrix", (4 * reach) / sizeOf(kernel));
  const offsets: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const [row, column] = [i * dilations[0], j * dilations[1]];
        const phase = (row % strides[0]) * strides[1] + (column % strides[1]);
        const at = Math.floor(row / strides[0]) * pitch + Math.floor(column / strides[1]);
        offsets.push(4 * ((channel * phases + phase) * plane + at));
      }
    }
  }
  const [height, width] = output;
  const bands = Math.ceil((4 * layer.written * pitch * height) / BAND);
  const band = Math.ceil(height / bands);
  const lengthOf = (rows: number) => padded((rows - 1) * pitch + width);
  const table = context.table(offsets);
  // The last stretches reach past the last plane.
  const size = channels * phases * plane + lengthOf(height);
  const [laid, result] = [context.scratch(size), context.scratch(layer.written * lengthOf(band))];
  const { heap, kernels } = context.machine;
  const inputBytes = 4 * channels * sizeOf(input);
  return () => {
    heap.floats(laid, size).fill(0);
    for (let n = 0; n < samples; n++) {
      lay(kernels, from + n * inputBytes, channels, windows, laid, plane, pitch);
      for (let top = 0; top < height; top += band) {
        const rows = Math.min(band, height - top);
        const length = lengthOf(rows);
        layer.correlate(table, laid + 4 * top * pitch, result, length, floor);
        const to = target + 4 * (n * layer.rows * height + top) * width;
        kernels.copyPlanes(
          layer.rows,
          rows,
          width,
          result,
          4 * length,
          4 * pitch,
          4,
          to,
          4 * height * width,
          4 * width,
        );
      }
    }
  };
}

/** Lays an image out by the remainders of its padded rows and columns, one remainder after the other. */
function lay(
  kernels: Kernels,
  from: number,
  channels: number,
  { strides: [down, right], begin: [top, left], input: [height, width] }: Windows,
  to: number,
  plane: number,
  pitch: number,
): void {
  for (let i = 0; i < Math.min(down, height); i++) {
    for (let j = 0; j < Math.min(right, width); j++) {
      const [row, column] = [i + top, j + left];
      const phase = (row % down) * right + (column % right);
      const at = phase * plane + Math.floor(row / down) * pitch + Math.floor(column / right);
      kernels.copyPlanes(
        channels,
        Math.ceil((height - i) / down),
        Math.ceil((width - j) / right),
        from + 4 * (i * width + j),
        4 * height * width,
        4 * down * width,
        4 * right,
        to + 4 * at,
        4 * down * right * plane,
        4 * pitch,
      );
    }
  }
}

/** Convolutions. */
export const convolutionOperators: Operators = { Conv: conv };
