import type { Kernels } from "../../kernels/kernels.ts";
import { compressRows } from "../compressed.ts";
import { padded } from "../forms.ts";
import { type Matrix, TILE } from "../matrix.ts";
import { type Operator, type PlanContext, type Step, sizeOf, type Value } from "../operator.ts";
import { UnsupportedError } from "../unsupported.ts";
import { imageDims, type Windows, windowsOf } from "../windows.ts";

/**
 * A convolution as a sparse matrix over planes. The image is laid out with its padding, and for strides as one plane for
 * each remainder of row and column, so that every weight multiplies one unbroken stretch of memory: the output, row
 * behind row at the pitch of the input, is a sum of such stretches. What falls between the rows is left behind.
 * The groups of a grouped convolution are zeros of the matrix.
 */
const conv: Operator = (context) => {
  const { layer, kernel } = context.kept(() => layerOf(context));
  const x = context.value(0);
  const windows = windowsOf(context, x.dims, kernel);
  const y = context.output(imageDims(x.dims, layer.rows, windows.output));
  return isPlain(windows) ? pointwise(context, layer, x, y, windows) : spread(context, layer, x, y, windows);
};

/** The weights as a matrix [filters, all channels x kernel], and the kernel's size. */
function layerOf({ matrix, attribute, constant }: PlanContext) {
  const weights = constant(1);
  if (!weights || !(weights.data instanceof Float32Array)) {
    throw new UnsupportedError("Conv is run only with constant weights here.");
  }
  const { data } = weights;
  const [filters, channels, ...kernel] = weights.dims;
  const groups = attribute("group", 1);
  const taps = sizeOf(weights.dims.slice(1));
  const elements = compressRows(data, filters, taps, (filter) => Math.floor((filter * groups) / filters) * taps);
  const bias = constant(2)?.data;
  const columns = groups * channels * sizeOf(kernel);
  return { kernel, layer: matrix(filters, columns, elements, bias && Float32Array.from(bias)) };
}

/** Whether every weight multiplies the whole plane as it is. */
function isPlain({ kernel, strides, begin, end }: Windows): boolean {
  return [...kernel, ...strides].every((n) => n === 1) && [...begin, ...end].every((n) => n === 0);
}

function pointwise(context: PlanContext, layer: Matrix, x: Value, y: Value, { input }: Windows): Step {
  const plane = sizeOf(input);
  // The last vector of a plane may reach into what lies behind it.
  const length = padded(plane);
  layer.prepare("matrix", 4 * Math.min(TILE, length));
  const offsets = context.table(Array.from({ length: layer.columns }, (_, channel) => 4 * channel * plane));
  const direct = layer.written === layer.rows && length === plane;
  const result = direct ? undefined : context.scratch(layer.written * length);
  const { kernels } = context.machine;
  return () => {
    for (let n = 0; n < x.dims[0]; n++) {
      const to = y.at + 4 * n * layer.rows * plane;
      layer.correlate(offsets, x.at + 4 * n * layer.columns * plane, result ?? to, length, context.floor);
      if (result !== undefined) kernels.copyPlanes(layer.rows, 1, plane, result, 4 * length, 0, 4, to, 4 * plane, 0);
    }
  };
}

/** Outputs are made in bands of rows, of at most about so many bytes before they are copied to their place. */
const BAND = 2 ** 20;

function spread(context: PlanContext, layer: Matrix, x: Value, y: Value, windows: Windows): Step {
  const { kernel, strides, dilations, begin, end, input, output } = windows;
  const [samples, channels] = x.dims;
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
      lay(kernels, x.at + n * inputBytes, channels, windows, laid, plane, pitch);
      for (let top = 0; top < height; top += band) {
        const rows = Math.min(band, height - top);
        const length = lengthOf(rows);
        layer.correlate(table, laid + 4 * top * pitch, result, length, context.floor);
        const to = y.at + 4 * (n * layer.rows * height + top) * width;
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
export const convolutionOperators: Readonly<Record<string, Operator>> = { Conv: conv };
