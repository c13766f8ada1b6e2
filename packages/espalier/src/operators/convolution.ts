import { attribute, int, ints } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import type { Node } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { BiasFacet, Facets, LayerFacet, Matrices, Places, ShapedUse, WeightUse } from "./facets.ts";
import { type Axis, along, foldInto, passAxes, range, type UnitContext, type UnitLinks } from "./units.ts";
import { transposedWindow } from "./window.ts";

/** A convolution is looked at in so many places of each sample at most, evenly spread. */
const MOST_PLACES = 1024;

const layer: LayerFacet = {
  operands: () => [0, 1],
  data: ({ inputs }, operand) => inputs[1 - operand],
  unitAxis: () => 0,
};

/** One number for each channel of the output, [channels] at the input and [channels, 1, ...] behind. */
function biasOf(channels: (use: WeightUse, dims: readonly number[]) => number): BiasFacet {
  return {
    input: 2,
    shape(use, at) {
      const { operand, dims } = use;
      if (operand !== 1 || !dims) return undefined;
      const places = at === "input" ? [] : dims.slice(2).map(() => 1);
      return [channels(use, dims), ...places];
    },
  };
}

const groupsOf = ({ node }: WeightUse) => attribute(node, "int", "group", 1);

/**
 * Every how many places along each axis of an output are looked at. The longest axis is thinned out first: of a short
 * one, every so-many-th would be always the same rows, at the border or away from it.
 */
function stepsOf(places: readonly number[], most: number): number[] {
  const steps = places.map(() => 1);
  const left = () => places.map((size, axis) => Math.ceil(size / steps[axis]));
  for (let counts = left(); sizeOf(counts) > Math.max(1, most); counts = left()) {
    steps[counts.indexOf(Math.max(...counts))]++;
  }
  return steps;
}

/** The part of all places that every so-many-th along each axis is. */
function partOf(places: readonly number[], steps: readonly number[]): number {
  return places.reduce((part, size, axis) => part * (Math.ceil(size / steps[axis]) / size), 1);
}

/** Weights [outputs, inputs / groups, ...kernel]: a row looks at the windows of its group of channels. */
function convolved(use: ShapedUse): Matrices | undefined {
  const { node, dims, operand, shape } = use;
  if (operand !== 1) return undefined;
  const groups = groupsOf(use);
  const [outputs, ...window] = dims;
  const columns = sizeOf(window);
  const places = shape(node.outputs[0]).slice(2);
  const strides = attribute(
    node,
    "ints",
    "strides",
    places.map(() => 1),
  );
  const inputs = groups * window[0];
  const kernel = window.slice(1);
  const sparser = (most: number): Places => {
    const steps = stepsOf(places, most);
    return {
      part: partOf(places, steps),
      unfold(graph, input) {
        const wide = ints(strides.map((stride, axis) => stride * steps[axis]));
        const attributes = { ...node.attributes, strides: wide, group: int(inputs) };
        const unfolded = isPoint(node, kernel)
          ? everyNth(graph, input, steps)
          : graph.emit("Conv", [input, picks(graph, inputs, kernel)], attributes);
        return byGroup(graph, unfolded, groups, columns);
      },
      arrange: (graph, output) => byGroup(graph, everyNth(graph, output, steps), groups, outputs / groups),
    };
  };
  return {
    groups,
    rows: outputs / groups,
    columns,
    input: node.inputs[0],
    sparser,
    ...sparser(MOST_PLACES),
    matrices: ({ data }) => data,
    weights: (matrices) => float32(dims, matrices),
  };
}

/** Returns true if the windows of a convolution are its input's elements. */
function isPoint(node: Node, kernel: readonly number[]): boolean {
  const strides = attribute(node, "ints", "strides", []);
  return sizeOf(kernel) === 1 && isUnpadded(node) && strides.every((stride) => stride === 1);
}

/**
 * Weights [inputs, outputs / groups, ...kernel]: a convolution in windows over the input with zeros between its
 * elements, with its kernel turned round.
 */
function convolvedBack(use: ShapedUse): Matrices | undefined {
  const { node, dims, operand, shape } = use;
  if (operand !== 1) return undefined;
  const groups = groupsOf(use);
  const [inputs, rows, ...kernel] = dims;
  const window = [inputs / groups, ...kernel];
  const columns = sizeOf(window);
  const block = sizeOf(kernel);
  const { strides, dilations, before } = transposedWindow(use);
  const input = shape(node.inputs[0]);
  const output = shape(node.outputs[0]).slice(2);
  const sparser = (most: number): Places => {
    const steps = stepsOf(output, most).map((step, axis) => coprime(step, strides[axis]));
    return {
      part: partOf(output, steps),
      unfold(graph, value) {
        const one = graph.initializer(
          "one",
          float32([inputs, 1, ...kernel.map(() => 1)], new Float32Array(inputs).fill(1)),
        );
        const spread = graph.emit("ConvTranspose", [value, one], {
          strides: ints(strides),
          group: int(inputs),
        });
        const reach = kernel.map((size, i) => (size - 1) * dilations[i]);
        const begin = reach.map((size, i) => size - before[i]);
        const end = output.map((size, i) => size + reach[i] - ((input[i + 2] - 1) * strides[i] + 1) - begin[i]);
        const padded = graph.emit("Pad", [spread, graph.ints([0, 0, ...begin, 0, 0, ...end])]);
        const unfolded = graph.emit("Conv", [padded, picks(graph, inputs, kernel)], {
          strides: ints(steps),
          dilations: ints(dilations),
          group: int(inputs),
        });
        return byGroup(graph, unfolded, groups, columns);
      },
      arrange: (graph, value) => byGroup(graph, everyNth(graph, value, steps), groups, rows),
    };
  };
  return {
    groups,
    rows,
    columns,
    input: node.inputs[0],
    sparser,
    ...sparser(MOST_PLACES),
    matrices: ({ data }) => turned(data, true),
    weights: (matrices) => float32(dims, turned(matrices, false)),
  };

  /** [inputs, rows, kernel] as [groups, rows, inputs / groups, kernel turned round], or the other way. */
  function turned(from: Float32Array, toMatrices: boolean): Float32Array {
    const to = new Float32Array(from.length);
    const perGroup = inputs / groups;
    for (let i = 0; i < inputs; i++) {
      for (let row = 0; row < rows; row++) {
        const tensor = (i * rows + row) * block;
        const matrix = ((Math.floor(i / perGroup) * rows + row) * perGroup + (i % perGroup)) * block;
        for (let k = 0; k < block; k++) {
          const [a, b] = [tensor + k, matrix + block - 1 - k];
          if (toMatrices) to[b] = from[a];
          else to[a] = from[b];
        }
      }
    }
    return to;
  }
}

/** The least step from `step` on that meets the places between a stride's evenly: no kernel element is left out. */
function coprime(step: number, stride: number): number {
  const shares = (a: number, b: number): boolean => (b === 0 ? a > 1 : shares(b, a % b));
  return shares(step, stride) ? coprime(step + 1, stride) : step;
}

/** Weights of a convolution that picks each element of a window, of one channel after the other. */
function picks(graph: GraphBuilder, channels: number, kernel: readonly number[]): string {
  const size = sizeOf(kernel);
  const data = new Float32Array(channels * size * size);
  for (let i = 0; i < channels * size; i++) data[i * size + (i % size)] = 1;
  return graph.initializer("picks", float32([channels * size, 1, ...kernel], data));
}

/** Every so-many-th place along each axis of [samples, channels, ...places]. */
function everyNth(graph: GraphBuilder, value: string, steps: readonly number[]): string {
  if (steps.every((step) => step === 1)) return value;
  const list = (of: (axis: number) => number) => graph.ints(steps.map((_, axis) => of(axis)));
  const bounds = [list(() => 0), list(() => END), list((axis) => axis + 2), list((axis) => steps[axis])];
  return graph.emit("Slice", [value, ...bounds]);
}

/** Beyond the end of any axis. */
const END = 2 ** 31 - 1;

/** [samples, groups x columns, ...places] -> [groups, samples x places, columns] */
function byGroup(graph: GraphBuilder, unfolded: string, groups: number, columns: number): string {
  const grouped = graph.emit("Reshape", [unfolded, graph.ints([0, groups, columns, -1])]);
  const turned = graph.emit("Transpose", [grouped], { perm: ints([1, 0, 3, 2]) });
  return graph.emit("Reshape", [turned, graph.ints([groups, -1, columns])]);
}

/** Weights between channels as [group, outputs, inputs, kernel], or with inputs first. */
function channels({ node, own, shape }: UnitContext, inputsFirst: boolean): UnitLinks | undefined {
  const [input, weight, bias] = node.inputs;
  const [output] = node.outputs;
  const kernel = own(weight);
  const added = own(bias);
  if (!kernel || (bias && !added)) return undefined;
  const [read, made]: Axis[] = [input, output].map((value) => ({ value, axis: 1 }));
  const groups = attribute(node, "int", "group", 1);
  const [inputs, outputs] = [read, made].map(({ value, axis }) => shape(value)[axis]);
  const passages = passAxes(input, output, [0]);
  const held = bias && added ? [along(bias, added.dims, [made])] : [];
  const biases = (index: number) => added?.data[index] ?? 0;
  const block = sizeOf(kernel.dims.slice(2));
  if (groups > 1 && groups === inputs) {
    // Each channel has a group of its own ("depthwise"): it goes on to the outputs that are made of it.
    const sources = range(outputs).map((index) => Math.floor((index * inputs) / outputs));
    const size = kernel.data.length / outputs;
    return {
      passages: [...passages, { from: read, to: made, sources }],
      held: [...held, along(weight, kernel.dims, [inputsFirst ? read : made])],
      // Padding can only change what is not zero.
      constant(_to, index, [x]) {
        const kernels = kernel.data.subarray(index * size, (index + 1) * size);
        return x === 0 || kernels.every((w) => w === 0) ? biases(index) : Number.NaN;
      },
      resized: (left) => ({ attributes: { ...node.attributes, group: int(left(read)) } }),
    };
  }
  const perGroup = [outputs / groups, inputs / groups];
  const [first, second] = inputsFirst ? perGroup.toReversed() : perGroup;
  // What lies first is numbered together with its group.
  const ofFirst = { axes: [0, 1], tensorAxis: 0 };
  const ofSecond = { axes: [0, 2], tensorAxis: 1 };
  const makes = { units: made, ...(inputsFirst ? ofSecond : ofFirst) };
  const reads = { units: read, ...(inputsFirst ? ofFirst : ofSecond) };
  const view = [groups, first, second, block];
  const fold = !inputsFirst && isUnpadded(node) ? foldInto(bias) : undefined;
  return {
    passages,
    products: [{ initializer: weight, view, sides: [makes, reads], makes: [makes], reads: [reads], fold }],
    held,
    constant: (_to, index) => biases(index),
  };
}

/** A constant input reaches every output the same way unless padding replaces it by zeros. */
function isUnpadded(node: Node): boolean {
  const automatic = attribute(node, "string", "auto_pad", "NOTSET");
  const padded = attribute(node, "ints", "pads", []).some((pad) => pad !== 0);
  return automatic === "VALID" || (automatic === "NOTSET" && !padded);
}

/** Convolutions. */
export const Conv = {
  weights: [1, 2],
  layer,
  bias: biasOf((_, [outputs]) => outputs),
  fit: convolved,
  units: (context) => channels(context, false),
  // Each element of the output is the product of a window and the kernel of its channel.
  macs: ({ node, shape }) => sizeOf(shape(node.outputs[0])) * sizeOf(shape(node.inputs[1]).slice(1)),
} as const satisfies Facets;

export const ConvTranspose = {
  weights: [1, 2],
  // Of several groups, the inputs tell which group a unit is of; those of its own come second.
  layer: { ...layer, unitAxis: (use) => (use.operand === 1 && groupsOf(use) === 1 ? 1 : 0) },
  bias: biasOf((use, [, outputs]) => outputs * groupsOf(use)),
  fit: convolvedBack,
  units: (context) => channels(context, true),
  // Each element of the input is multiplied with the whole kernel of its channel.
  macs: ({ node, shape }) => sizeOf(shape(node.inputs[0])) * sizeOf(shape(node.inputs[1]).slice(1)),
} as const satisfies Facets;
