import type { Engine, Tensors } from "../engine/engine.ts";
import { ints } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel, typeOf } from "../onnx/graph.ts";
import { floatsOf, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { LinearLayer } from "./linear.ts";

/** What there is to know of a layer's inputs to fit its weights by least squares, as matrices of each group. */
export interface Moments {
  /** Columns, with one more for the bias, whose input is always 1. */
  readonly columns: number;
  /** E[x x'] of what the layer reads in the network that is pruned, [groups, columns, columns]. */
  readonly second: Float32Array;
  /** E[y x'], where y is what it reads in the whole network: `second` itself where both networks are the same so far. */
  readonly cross: Float32Array;
}

/** What a layer reads for some samples: in the whole network, and in the one that is pruned. */
export interface Inputs {
  readonly whole: Tensors;
  readonly pruned: Tensors;
}

/** Gathers the moments of a layer's inputs over batches. */
export async function momentsOf(
  engine: Engine,
  annotated: TypedModel,
  linear: LinearLayer,
  batches: readonly Inputs[],
): Promise<Moments> {
  const columns = linear.columns + (linear.bias ? 1 : 0);
  const { dtype, dims: shape } = typeOf(annotated, linear.input);
  const model = emptyModel("moments");
  model.opsets = new Map(annotated.opsets);
  const graph = new GraphBuilder(model);
  const look = (name: string) => {
    model.inputs.push({ name, dtype, shape });
    const places = linear.unfold(graph, name);
    if (!linear.bias) return places;
    const one = graph.emit("Slice", [places, graph.ints([0]), graph.ints([1]), graph.ints([2])]);
    const ones = graph.emit("Add", [graph.emit("Sub", [one, one]), graph.scalar("float32", 1)]);
    return graph.emit("Concat", [places, ones], { axis: { kind: "int", value: 2 } });
  };
  const pruned = look("pruned");
  const same = batches.every((batch) => batch.whole[linear.input] === batch.pruned[linear.input]);
  const wanted = same
    ? [["second", pruned] as const]
    : [["second", pruned] as const, ["cross", look("whole")] as const];
  for (const [name, places] of wanted) {
    graph.emit("MatMul", [graph.emit("Transpose", [places], { perm: ints([0, 2, 1]) }), pruned], {}, name);
    model.outputs.push({ name });
  }
  const program = await engine.compile(model);
  const size = linear.groups * columns * columns;
  const sums = wanted.map(([name]) => ({ name, sum: new Float64Array(size) }));
  try {
    for (const { whole, pruned } of batches) {
      const feeds = { pruned: pruned[linear.input], ...(same ? {} : { whole: whole[linear.input] }) };
      const outputs = await program.run(feeds);
      for (const { name, sum } of sums) addTo(sum, floatsOf(outputs[name]));
    }
  } finally {
    await program.release();
  }
  // Where there is a bias, its own moment is the number of places; else the scale is of no matter.
  const count = linear.bias ? sums[0].sum[size - 1] : batches.length * sizeOf(shape.slice(0, 1));
  const [second, cross = second] = sums.map(({ sum }) => mean(sum, count));
  return { columns, second, cross };
}

function addTo(sums: Float64Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}

function mean(sums: Float64Array, count: number): Float32Array {
  const means = new Float32Array(sums.length);
  for (let i = 0; i < sums.length; i++) means[i] = sums[i] / count;
  return means;
}

/** A layer's weights with its bias as their last column, [groups, rows, columns + 1]. */
export function withBias(linear: LinearLayer, weights: Float32Array, bias: Float32Array | undefined): Float32Array {
  if (!bias) return weights.slice();
  const { groups, rows, columns } = linear;
  const joined = new Float32Array(groups * rows * (columns + 1));
  for (let row = 0; row < groups * rows; row++) {
    joined.set(weights.subarray(row * columns, (row + 1) * columns), row * (columns + 1));
    joined[(row + 1) * (columns + 1) - 1] = bias[row];
  }
  return joined;
}

/** The other way round. */
export function withoutBias({ groups, rows, columns, bias }: LinearLayer, joined: Float32Array) {
  if (!bias) return { weights: joined };
  const weights = new Float32Array(groups * rows * columns);
  const biases = new Float32Array(groups * rows);
  for (let row = 0; row < groups * rows; row++) {
    const start = row * (columns + 1);
    weights.set(joined.subarray(start, start + columns), row * columns);
    biases[row] = joined[start + columns];
  }
  return { weights, biases };
}
