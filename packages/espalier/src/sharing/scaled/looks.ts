import { int, ints } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Model } from "../../onnx/graph.ts";
import { isFloat32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { type Layer, layersOf } from "../../operators/layers.ts";
import { outputAxis } from "../../operators/output-axis.ts";
import { type LinearLayer, linearLayer } from "../../reconstruction/linear.ts";
import type { GateLayer } from "./gates.ts";
import { type Axis, alongAxis } from "./scaled.ts";

/** Moments of some columns of a layer, which are decided apart from the others where there are too many for one triangle. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** E[a x x'] of those columns, [groups, size, size], where a is the mean square of the rows' gradients at that place. */
  readonly second: Float32Array;
}

/** What there is to know of a layer that is a product of matrices. */
export interface Looked {
  readonly layer: Layer;
  readonly linear: LinearLayer;
  readonly blocks: readonly Block[];
  /** How much the error of each row counts beside the others of its group: 1 in the mean. */
  readonly gains: Float32Array;
}

/** What there is to know of any other parameter: how much the square of an error counts, for each of its scales. */
export interface Plain {
  readonly name: string;
  readonly axis: Axis;
  readonly squares: Float32Array;
}

/** A value that is summed over all batches. */
export interface Summed {
  readonly value: string;
  readonly size: number;
}

/** What is to be summed, and what its means over samples say. */
export interface Look<Result> {
  readonly sums: readonly Summed[];
  /** @param means of each sum's value, in their order */
  read(means: readonly Float32Array[]): Result;
}

/** No triangle has more columns: it would take 32 MB, and its decomposition seconds. */
const MOST_COLUMNS = 2048;
/** Places of all samples together that tell second moments well: in all, and for each column; and of one sample. */
const PLACES = 2 ** 15;
const PLACES_A_COLUMN = 128;
const MOST_PLACES = 1024;
/** The part of the weight of all places that each has for itself: gradients tell of small errors only. */
const ALIKE = 0.2;

/** A layer that can be looked at, before its graph is built. */
export interface Candidate {
  /** The value whose gradient is asked for. */
  readonly output: string;
  /** The parameters that are decided with it. */
  readonly own: readonly string[];
  /** @param samples that will be looked at */
  build(graph: GraphBuilder, gradient: string, samples: number): Look<Looked>;
}

/**
 * The layers that are products of matrices, each used once.
 * @param gates those of recurrent nodes
 */
export function candidatesOf(typed: TypedModel, gates: readonly GateLayer[]): Candidate[] {
  const recurrent = gates.map(
    ({ output, linear }): Candidate => ({
      output,
      own: [linear.layer.weight],
      build: (graph, gradient, samples) => lookAt(graph, linear, gradient, samples),
    }),
  );
  return [...recurrent, ...productsOf(typed)];
}

function productsOf(typed: TypedModel): Candidate[] {
  return layersOf(typed).flatMap((layer) => {
    const linear = layer.uses.length === 1 ? linearLayer(typed, layer) : undefined;
    if (!linear?.arrange) return [];
    const [output] = layer.node.outputs;
    const own = [layer.weight, ...(linear.bias ? [linear.bias] : [])];
    return [
      {
        output,
        own,
        build: (graph: GraphBuilder, gradient: string, samples: number) => lookAt(graph, linear, gradient, samples),
      },
    ];
  });
}

/** Columns as blocks of much the same size. */
export function blocksOf(columns: number): { readonly start: number; readonly end: number }[] {
  const count = Math.ceil(columns / MOST_COLUMNS);
  return Array.from({ length: count }, (_, i) => ({
    start: Math.floor((i * columns) / count),
    end: Math.floor(((i + 1) * columns) / count),
  }));
}

function lookAt(graph: GraphBuilder, linear: LinearLayer, gradient: string, samples: number): Look<Looked> {
  const { layer, groups, rows, columns, input } = linear;
  const enough = Math.ceil(Math.max(PLACES, PLACES_A_COLUMN * columns) / samples);
  const { unfold, arrange, part: share = 1 } = linear.sparser?.(Math.min(enough, MOST_PLACES)) ?? linear;
  const gradients = arrange?.(graph, gradient) ?? gradient;
  const keep = { keepdims: int(1) };
  const squares = graph.emit("Mul", [gradients, gradients]);
  const gain = graph.emit("ReduceSum", [squares, graph.ints([1])], { keepdims: int(0) });
  const place = graph.emit("ReduceMean", [squares, graph.ints([2])], keep);
  const alike = graph.emit("ReduceMean", [place, graph.ints([1])], keep);
  // Each place stands for those beside it that are not looked at.
  const part = (value: string, by: number) => graph.emit("Mul", [value, graph.scalar("float32", by / share)]);
  const weight = graph.emit("Add", [part(place, 1 - ALIKE), part(alike, ALIKE)]);
  const places = unfold(graph, input);
  const blocks = blocksOf(columns).map(({ start, end }, i, { length }) => {
    const own = length === 1 ? places : columnsOf(graph, places, start, end);
    const last = i === length - 1 && linear.bias !== undefined;
    const looked = last ? withOnes(graph, own) : own;
    const turned = graph.emit("Transpose", [looked], { perm: ints([0, 2, 1]) });
    const value = graph.emit("MatMul", [turned, graph.emit("Mul", [looked, weight])]);
    const size = end - start + (last ? 1 : 0);
    return { value, start, end: start + size, size: groups * size * size };
  });
  return {
    sums: [{ value: gain, size: groups * rows }, ...blocks],
    read: ([gains, ...seconds]) => ({
      layer,
      linear,
      gains: relative(gains, rows),
      blocks: blocks.map(({ start, end }, i) => ({ start, end, second: seconds[i] })),
    }),
  };
}

function columnsOf(graph: GraphBuilder, places: string, start: number, end: number): string {
  return graph.emit("Slice", [places, graph.ints([start]), graph.ints([end]), graph.ints([2])]);
}

/** With a column for the bias, whose input is always 1. */
function withOnes(graph: GraphBuilder, places: string): string {
  const one = columnsOf(graph, places, 0, 1);
  const ones = graph.emit("Add", [graph.emit("Sub", [one, one]), graph.scalar("float32", 1)]);
  return graph.emit("Concat", [places, ones], { axis: int(2) });
}

/**
 * Gains beside their mean in each group, and drawn towards it: a row that no sample needed, such as a class that none
 * shows, is one that other samples may.
 */
function relative(gains: Float32Array, rows: number): Float32Array {
  return gains.map((gain, i) => {
    const start = i - (i % rows);
    const mean = gains.subarray(start, start + rows).reduce((sum, each) => sum + each / rows, 0);
    return mean > 0 ? (1 - SHARED) * (gain / mean) + SHARED : 1;
  });
}

/** The part of the mean gain that each row has for itself. */
const SHARED = 0.2;

/** The axis of a parameter's output units: each has a scale. */
export function axisOf(model: Model, name: string): Axis {
  const tensor = model.initializers.get(name);
  const dims = isFloat32(tensor) ? tensor.dims : [];
  if (dims.filter((size) => size > 1).length < 2) return { scales: 1, inner: 1 };
  const node = model.nodes.find(({ inputs }) => inputs.includes(name));
  return alongAxis(dims, node ? outputAxis({ node, operand: node.inputs.indexOf(name) }, dims.length) : 0);
}

/** Looks at a parameter by its own gradient. */
export function plainLook(graph: GraphBuilder, typed: TypedModel, name: string, gradient: string): Look<Plain> {
  const axis = axisOf(typed, name);
  const shape = graph.ints([-1, axis.scales, axis.scales === 1 ? 1 : axis.inner]);
  const square = graph.emit("Reshape", [graph.emit("Mul", [gradient, gradient]), shape]);
  const value = graph.emit("ReduceMean", [square, graph.ints([0, 2])], { keepdims: int(0) });
  return { sums: [{ value, size: axis.scales }], read: ([squares]) => ({ name, axis, squares }) };
}
