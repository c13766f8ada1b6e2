import { attribute, int } from "../onnx/attributes.ts";
import { directionsOf, gatesOf, RECURRENT_WEIGHTS, statesOf } from "../onnx/recurrent.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, Matrices, ShapedUse } from "./facets.ts";
import type { Axis, Held, Passage, Product, Side, UnitContext, UnitLinks } from "./units.ts";

/** Weights [1, rows, features] of the input, those of one gate or several: each row looks at each step. */
function ofInput({ node, operand, dims }: ShapedUse): Matrices | undefined {
  const [directions, rows, columns] = dims;
  if (operand !== 1 || directions !== 1) return undefined;
  return {
    groups: 1,
    rows,
    columns,
    input: node.inputs[0],
    unfold: (graph, input) => graph.emit("Reshape", [input, graph.ints([1, -1, columns])]),
    matrices: ({ data }) => data,
    weights: (matrices) => float32(dims, matrices),
  };
}

const [X, W, R, BIASES, PEEPHOLES] = [0, 1, 2, 3, 7];

/**
 * A unit has a row of each gate in W and R, an entry of each gate in the biases, and a column of R, which brings it to
 * the others; both directions of a node have the same units.
 */
function states(context: UnitContext): UnitLinks | undefined {
  const { node, shape, own, parts, isRead } = context;
  const hidden = attribute(node, "int", "hidden_size", undefined);
  const outputs = node.outputs.filter(isRead);
  const weights = [W, R].map((input) => parts(node.inputs[input]));
  if (hidden === undefined || outputs.length === 0 || !weights.every((names) => names !== undefined)) return undefined;
  const [units, ...others] = outputs.map((value): Axis => ({ value, axis: shape(value).length - 1 }));
  const products = weights.flatMap((names, i) =>
    names.map((name) => productOf(name, i === 0 ? { value: node.inputs[X], axis: 2 } : units)),
  );
  const held: Held[] = [];
  for (const name of [node.inputs[BIASES], node.inputs[PEEPHOLES]]) {
    if (!name) continue;
    const tensor = own(name);
    if (!tensor) return undefined;
    const [directions, entries] = tensor.dims;
    const side = { units, axes: [2], tensorAxis: 1 };
    held.push({ initializer: name, view: [directions, entries / hidden, hidden], sides: [side] });
  }
  const passages: Passage[] = others.map((to) => ({ from: units, to }));
  for (const { input } of statesOf(node)) {
    const name = node.inputs[input];
    if (!name) continue;
    const axis = shape(name).length - 1;
    if (own(name))
      held.push({ initializer: name, view: shape(name), sides: [{ units, axes: [axis], tensorAxis: axis }] });
    else passages.push({ from: { value: name, axis }, to: units });
  }
  return {
    passages,
    products,
    held,
    constant: ({ value }, index, terms) => (value === units.value ? restOf(context, hidden, index) : terms[0]),
    resized: (left) => ({ attributes: { ...node.attributes, hidden_size: int(left(units)) } }),
  };

  /** Weights [directions, gates x hidden, inputs], all of them or those of a gate. */
  function productOf(name: string, read: Axis): Product {
    const [directions, rows, inputs] = own(name)?.dims ?? shape(name);
    const makes: Side = { units, axes: [2], tensorAxis: 1 };
    const reads: Side = { units: read, axes: [3], tensorAxis: 2 };
    const view = [directions, rows / (hidden ?? rows), hidden ?? rows, inputs];
    return { initializer: name, view, sides: [makes, reads], makes: [makes], reads: [reads] };
  }
}

/** A unit without weights stays at zero where its candidate is tanh(0) and it begins there. */
function restOf({ node, own }: UnitContext, hidden: number, index: number): number {
  const begins = statesOf(node).some(({ input }) => node.inputs[input]);
  if (begins || node.attributes.activations || node.attributes.clip) return Number.NaN;
  const gates = gatesOf(node);
  // The candidate is the last gate (ONNX, LSTM: iofc, GRU: zrh).
  const candidate = gates.length - 1;
  const biases = own(node.inputs[BIASES])?.data;
  const places = directionsOf(node).flatMap((_, direction) =>
    [0, 1].map((half) => ((2 * direction + half) * gates.length + candidate) * hidden + index),
  );
  return places.every((place) => (biases?.[place] ?? 0) === 0) ? 0 : Number.NaN;
}

/** W of the input and R of the state, apart by gate where they are pruned. */
const recurrent = {
  layer: {
    operands: () => RECURRENT_WEIGHTS,
    data: ({ inputs, outputs }, operand) =>
      operand === W ? inputs[X] : (outputs.find((output) => output !== "") ?? ""),
    // [directions, gates x hidden, inputs]: both directions of a row have one scale.
    unitAxis: () => 1,
    inParts: true,
  },
  bias: { none: "one tensor holds the biases of all gates, twice" },
  fit: ofInput,
  units: states,
  // Each weight is used once in each step of each sequence.
  macs({ node, dims, shape }) {
    const [first, second] = shape(node.inputs[X]);
    return sizeOf(dims) * first * second;
  },
} as const satisfies Omit<Facets, "weights">;

export const LSTM = { ...recurrent, weights: [W, R, BIASES, PEEPHOLES] } as const satisfies Facets;
export const GRU = { ...recurrent, weights: [W, R, BIASES] } as const satisfies Facets;
export const RNN = { ...recurrent, weights: [W, R, BIASES] } as const satisfies Facets;
