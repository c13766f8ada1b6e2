import { int, ints, oneOf } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import { TILE } from "../matrix.ts";
import { elementsOf } from "../matrix-elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Value } from "../operator.ts";
import { led, listOf, type Windows } from "../windows.ts";
import { checkMade } from "./shapes.ts";
import { FLOAT } from "./types.ts";

type Float = Value<"float32">;

interface Attributes {
  readonly auto_pad: "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID";
  readonly strides: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly output_padding: readonly number[] | undefined;
  readonly output_shape: readonly number[] | undefined;
}

/**
 * The adjoint of a convolution: every element of the input adds the kernel, times itself, to a window of the output.
 * Products of all taps come from one matrix, [filters x taps, channels]; they are then added up where they belong.
 */
const convTranspose = operator({
  since: 1,
  inputs: { x: needed(FLOAT), w: needed(FLOAT), b: optional(FLOAT) },
  attributes: {
    auto_pad: oneOf("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    dilations: ints(),
    group: int(1),
    kernel_shape: ints(),
    output_padding: ints(),
    output_shape: ints(),
    pads: ints(),
    strides: ints(),
  },
  plan(context) {
    const { x, w, b } = context.inputs;
    const { group, kernel_shape } = context.attributes;
    const [channels, perGroup, ...kernel] = w.dims;
    if (x.dims.length < 3 || w.dims.length !== x.dims.length || x.dims[1] !== channels || channels % group !== 0) {
      context.wrong(`spreads [${x.dims}] by [${w.dims}] in ${group} groups`);
    }
    if (kernel.length > 3) context.refuse(`works over ${kernel.length} axes`);
    if (kernel_shape && kernel_shape.join() !== kernel.join()) {
      context.wrong(`states a kernel of [${kernel_shape}] and has one of [${kernel}]`);
    }
    const filters = perGroup * group;
    if (b && (b.dims.length !== 1 || b.dims[0] !== filters)) {
      context.wrong(`has ${filters} filters and biases [${b.dims}]`);
    }
    const windows = spreadOf(context, context.attributes, x.dims.slice(2), kernel);
    const y = context.view(context.output("float32", [x.dims[0], filters, ...windows.output]));
    const products = productsOf(context, x, w, group);
    const plane = sizeOf(windows.input);
    const add = adderOf(led(windows, 3), filters);
    const biases = b && context.view(b);
    const size = sizeOf(windows.output);
    return () => {
      const [to, shifts] = [y(), biases?.()];
      for (let i = 0; i * size < to.length; i++) to.fill(shifts ? shifts[i % filters] : 0, i * size, (i + 1) * size);
      for (let n = 0; n < x.dims[0]; n++) {
        const { numbers, pitch } = products(n, plane);
        add(numbers, pitch, to, n * filters * size);
      }
    };
  },
});

/** How windows lie over the output, whose shape may be asked for. */
function spreadOf(
  context: Planning,
  attributes: Attributes,
  input: readonly number[],
  kernel: readonly number[],
): Windows {
  const axes = input.length;
  const strides = listOf(context, attributes.strides, 1, axes);
  const dilations = listOf(context, attributes.dilations, 1, axes);
  const extra = listOf(context, attributes.output_padding, 0, axes);
  const automatic = attributes.auto_pad;
  const pads = listOf(context, automatic === "NOTSET" ? attributes.pads : undefined, 0, 2 * axes);
  const [begin, end] = [pads.slice(0, axes), pads.slice(axes)];
  // Some give the samples and channels too.
  const asked = attributes.output_shape?.slice(-axes);
  const same = automatic === "SAME_UPPER" || automatic === "SAME_LOWER";
  const output = input.map((length, axis) => {
    const full = strides[axis] * (length - 1) + extra[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    const wanted = asked?.[axis] ?? (same ? length * strides[axis] : undefined);
    if (wanted === undefined) return full - begin[axis] - end[axis];
    const cut = Math.max(0, full - wanted);
    begin[axis] = automatic === "SAME_UPPER" ? Math.floor(cut / 2) : Math.ceil(cut / 2);
    end[axis] = cut - begin[axis];
    return wanted;
  });
  if (output.some((length) => length < 1)) context.wrong(`makes an image of [${output}]`);
  checkMade(context, output);
  return { kernel, strides, dilations, begin, end, input, output };
}

/** The products of a sample by every tap of every filter, `pitch` apart. */
type Products = (sample: number, plane: number) => { readonly numbers: Float32Array; readonly pitch: number };

function productsOf(context: Planning, x: Float, w: Float, groups: number): Products {
  const [channels, perGroup, ...kernel] = w.dims;
  const taps = perGroup * sizeOf(kernel);
  const own = channels / groups;
  const constant = context.constant(w);
  const plane = sizeOf(x.dims.slice(2));
  const { heap } = context.machine;
  if (!constant) {
    const [image, weights, sums] = [context.view(x), context.view(w), new Float32Array(groups * taps * plane)];
    return (n) => {
      const [from, factors] = [image(), weights()];
      sums.fill(0);
      for (let c = 0; c < channels; c++) {
        const line = (n * channels + c) * plane;
        for (let tap = 0; tap < taps; tap++) {
          const [factor, row] = [factors[c * taps + tap], (Math.floor(c / own) * taps + tap) * plane];
          for (let p = 0; p < plane; p++) sums[row + p] += factor * from[line + p];
        }
      }
      return { numbers: sums, pitch: plane };
    };
  }
  const layer = context.kept([w], () => {
    // [channels, taps] of each group the other way round.
    const turned = new Float32Array(constant.data.length);
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / own) * taps;
      for (let tap = 0; tap < taps; tap++) turned[(first + tap) * own + (c % own)] = constant.data[c * taps + tap];
    }
    const elements = elementsOf(turned, { width: own, first: (row) => Math.floor(row / taps) * own });
    return context.matrix(groups * taps, channels, elements);
  });
  const length = padded(plane);
  layer.prepare("matrix", 4 * Math.min(TILE, length));
  const offsets = context.table(Array.from({ length: channels }, (_, channel) => 4 * channel * plane));
  const [from, result] = [context.at(x), context.scratch(layer.written * length)];
  return (n) => {
    layer.correlate(offsets, from + 4 * n * channels * plane, result, length, Number.NEGATIVE_INFINITY);
    return { numbers: heap.floats(result, layer.rows * length), pitch: length };
  };
}

/** Adds products of three axes to the places of the output that they belong to. */
function adderOf({ kernel, strides, dilations, begin, input, output }: Windows, filters: number) {
  /** For each tap of an axis: its place at the first element, and the elements whose place lies in the output. */
  const ranges = [0, 1, 2].map((axis) =>
    Array.from({ length: kernel[axis] }, (_, tap): [start: number, from: number, to: number] => {
      const start = tap * dilations[axis] - begin[axis];
      const from = Math.max(0, Math.ceil(-start / strides[axis]));
      return [start, from, Math.min(input[axis], Math.ceil((output[axis] - start) / strides[axis]))];
    }),
  );
  const taps = kernel[0] * kernel[1] * kernel[2];
  const size = output[0] * output[1] * output[2];
  return (products: Float32Array, pitch: number, to: Float32Array, first: number): void => {
    for (let filter = 0; filter < filters; filter++) {
      let tap = filter * taps;
      for (const [front, i0, i1] of ranges[0]) {
        for (const [top, j0, j1] of ranges[1]) {
          for (const [left, k0, k1] of ranges[2]) {
            for (let i = i0; i < i1; i++) {
              for (let j = j0; j < j1; j++) {
                const row = (front + i * strides[0]) * output[1] + top + j * strides[1];
                const at = first + filter * size + row * output[2] + left;
                const from = tap * pitch + (i * input[1] + j) * input[2];
                for (let k = k0; k < k1; k++) to[at + k * strides[2]] += products[from + k];
              }
            }
            tap++;
          }
        }
      }
    }
  };
}

/** Transposed convolutions. */
export const transposedOperators: Operators = { ConvTranspose: convTranspose };
