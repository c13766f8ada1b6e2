import { attribute } from "../../onnx/attributes.ts";
import { constantOf, type Model, type Node } from "../../onnx/graph.ts";
import { isFloat32, type NumericTensor, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { ARITHMETIC, type Flow, isChannelwise, POOLING, type UnitLayer } from "./flow.ts";
import { readsNothing } from "./weights.ts";

/** What each index of a value's channel axis always holds; NaN where that depends on the input. */
export type Constants = ReadonlyMap<string, readonly number[]>;

/** A function of one element, as its operator defines it. */
const functions: Readonly<Record<string, (node: Node, model: Model) => (x: number) => number>> = {
  Identity: () => (x) => x,
  Dropout: () => (x) => x,
  Relu: () => (x) => Math.max(x, 0),
  LeakyRelu: (node) => {
    const slope = attribute(node, "float", "alpha", 0.01);
    return (x) => (x < 0 ? slope * x : x);
  },
  Sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  Tanh: () => Math.tanh,
  // The bounds are inputs since operator set 11, attributes before.
  Clip: (node, model) => {
    const bound = (i: number, name: string, absent: number) =>
      node.inputs[i]
        ? Number(constantOf(model, node.inputs[i])?.data[0] ?? Number.NaN)
        : attribute(node, "float", name, absent);
    const low = bound(1, "min", Number.NEGATIVE_INFINITY);
    const high = bound(2, "max", Number.POSITIVE_INFINITY);
    return (x) => Math.min(Math.max(x, low), high);
  },
};

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sum: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** Finds the units that no live connection reaches, and follows what they always hold to where it is read. */
export function constantsOf(annotated: TypedModel, { units, layers }: Flow): Constants {
  const found = new Map<string, readonly number[]>();
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  for (const node of annotated.nodes) {
    const [output] = node.outputs;
    const carried = units.of(output);
    if (!carried) continue;
    const values = valuesOf(node, carried.length);
    if (values.length === carried.length) found.set(output, values);
  }
  return found;

  function valuesOf(node: Node, size: number): readonly number[] {
    const [input] = node.inputs;
    const incoming = found.get(input) ?? [];
    const layer = byNode.get(node);
    if (layer) return biasesOfCut(annotated, layer);
    if (isChannelwise(annotated, node)) return convolved(node, incoming, size);
    const f = functions[node.op];
    if (f) return incoming.map(f(node, annotated));
    // The mean of a constant is that constant, unless padding counts as zeros.
    if (POOLING.has(node.op)) {
      const counted = attribute(node, "int", "count_include_pad", 0) === 1;
      return counted ? incoming.map((x) => (x === 0 ? 0 : Number.NaN)) : incoming;
    }
    if (node.op === "BatchNormalization") return normalized(node, incoming);
    if (node.op === "Flatten" || node.op === "Reshape") {
      const places = size / Math.max(1, incoming.length);
      return incoming.flatMap((x) => Array<number>(places).fill(x));
    }
    if (node.op === "Concat") {
      return node.inputs.flatMap((part) => found.get(part) ?? (units.of(part) ?? []).map(() => Number.NaN));
    }
    if (ARITHMETIC.has(node.op)) {
      const terms = node.inputs.map((term) => found.get(term) ?? numbersOf(term, size));
      return terms.reduce((sum, term) => sum.map((x, i) => arithmetic[node.op](x, term[i])));
    }
    return [];
  }

  function numbersOf(initializer: string, size: number): readonly number[] {
    const tensor = annotated.initializers.get(initializer);
    if (!isFloat32(tensor)) return Array<number>(size).fill(Number.NaN);
    return tensor.data.length === 1 ? Array<number>(size).fill(tensor.data[0]) : [...tensor.data];
  }

  /** The bias of each channel that is zero, or whose kernel is: padding cannot change these. */
  function convolved(node: Node, incoming: readonly number[], size: number): readonly number[] {
    const [, weight, bias] = node.inputs;
    const kernels = annotated.initializers.get(weight);
    if (!isFloat32(kernels)) return [];
    const block = sizeOf(kernels.dims.slice(1));
    const biases = bias ? numbersOf(bias, size) : Array<number>(size).fill(0);
    return biases.map((constant, i) => {
      const zero = incoming[Math.floor((i * incoming.length) / size)] === 0;
      const cut = kernels.data.subarray(i * block, (i + 1) * block).every((weight) => weight === 0);
      return zero || cut ? constant : Number.NaN;
    });
  }

  /** scale (x - mean) / sqrt(variance + epsilon) + shift. */
  function normalized(node: Node, incoming: readonly number[]): readonly number[] {
    const [scale, shift, mean, variance] = node.inputs.slice(1).map((name) => numbersOf(name, incoming.length));
    const epsilon = attribute(node, "float", "epsilon", 1e-5);
    return incoming.map((x, i) => (scale[i] * (x - mean[i])) / Math.sqrt(variance[i] + epsilon) + shift[i]);
  }
}

/** The bias of each output whose connections are all cut, NaN for the others. */
function biasesOfCut(model: Model, layer: UnitLayer): number[] {
  const weights = model.initializers.get(layer.weight);
  const bias: NumericTensor | undefined = layer.bias ? constantOf(model, layer.bias) : undefined;
  const plain = layer.plain;
  return Array.from({ length: layer.outputs }, (_, output) => {
    const cut = isFloat32(weights) && plain && readsNothing(weights, layer, output);
    return cut ? Number(bias?.data[output] ?? 0) : Number.NaN;
  });
}
