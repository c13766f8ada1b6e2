import { type Attribute, int, tensor } from "../onnx/attributes.ts";
import { codeOf, type DType, type NumericType } from "../onnx/dtype.ts";
import { constantTensor, copyModel, type Graph, type Model, type Node, type Value } from "../onnx/graph.ts";
import { FLOATS, isStoredFloat, type StoredFloat, storedLike, toFloat32 } from "../onnx/half.ts";
import { inlineFunctions } from "../onnx/inline.ts";
import { flattened, mapGraphs, subgraphsOf } from "../onnx/nested.ts";
import { mapAttributes, mapSubgraphs } from "../onnx/rename.ts";
import { withLiftedConstants } from "../onnx/simplify/constants.ts";
import { equalInitializers, withEqualMerged } from "../onnx/simplify/equal.ts";
import { withUniqueNames } from "../onnx/simplify/names.ts";
import type { FloatTensor, NumericTensor, Tensor } from "../onnx/tensor.ts";
import { isOffset, isWeight, mergeable, readsThroughViews } from "../operators/roles.ts";
import { gatesApart } from "./gates.ts";

/** A network as it is trained, and the way back to the form of its file. */
export interface TrainableForm {
  /** Functions are in place, every weight is a float32 initializer, and those of recurrent nodes are apart by gate. */
  readonly model: Model;
  /** What the file's form has that this one has not, in sentences. */
  readonly differences: readonly string[];
  /**
   * The network in its file's form with other values of some parameters: Constant nodes, halves and doubles where they
   * were. Functions stay in place, as their calls may carry copies of the old weights.
   */
  restore(parameters: ReadonlyMap<string, FloatTensor>): Model;
  /** A network that was made of {@link model}, with the weights of recurrent nodes in whole again. */
  together(model: Model): Model;
  /** The type in which the file holds a parameter. */
  typeOf(name: string): NumericType;
  /** The parameters as the file can hold them: rounded where their type is a half. */
  rounded(parameters: ReadonlyMap<string, FloatTensor>): Map<string, FloatTensor>;
}

/**
 * Brings a network that was exported elsewhere into the form in which everything here works. Weights in Constant nodes
 * and in graphs inside become initializers under the names of their values; equal ones are one parameter; halves, and doubles where weights are, become float32; the
 * gates of recurrent nodes become matrices of their own.
 * @param options whether they do
 */
export function trainableForm(source: Model, { gates = true }: { readonly gates?: boolean } = {}): TrainableForm {
  const base = withUniqueNames(inlineFunctions(source));
  const lifted = liftedWeights(base);
  const held = (name: string): NumericTensor | undefined => lifted.get(name) ?? numeric(base.initializers.get(name));
  const raised = withLiftedConstants(base, (name) => lifted.has(name));
  const equal = equalWeights(raised);
  const { model, wholeOf, join, together } = gatesApart(inFloat32(withEqualMerged(raised, equal)), gates);
  return {
    // Graphs that are made of it have initializers that are no inputs, which version 3 does not allow.
    model: { ...model, irVersion: Math.max(model.irVersion, 8) },
    differences: differencesOf(source, lifted, equal),
    typeOf: (name) => held(wholeOf.get(name) ?? name)?.dtype ?? "float32",
    together: (changed) => ({ ...together(changed), irVersion: base.irVersion }),
    restore(parameters) {
      const values = join(parameters);
      for (const [other, first] of equal) {
        const value = values.get(first);
        if (value) values.set(other, value);
      }
      const initializers = new Map<string, Tensor>();
      for (const [name, own] of values) {
        const original = held(name);
        initializers.set(name, original ? storedLike(original, own) : own);
      }
      const model = mapGraphs(copyModel(base), (graph) => withTensors(graph, initializers));
      for (const [name, value] of initializers) if (!lifted.has(name)) model.initializers.set(name, value);
      return model;
    },
    rounded(parameters) {
      return new Map(
        Array.from(parameters, ([name, values]) => {
          const original = held(wholeOf.get(name) ?? name);
          return [name, (original && toFloat32(storedLike(original, values))) ?? values];
        }),
      );
    },
  };
}

/** A graph with other contents of some of its initializers and Constant nodes. */
function withTensors<G extends Graph>(graph: G, tensors: ReadonlyMap<string, Tensor>): G {
  const nodes = graph.nodes.map((node) => {
    const value = node.op === "Constant" ? tensors.get(node.outputs[0]) : undefined;
    return value ? { ...node, attributes: { value: tensor(value) } } : node;
  });
  const initializers = new Map(Array.from(graph.initializers, ([name, own]) => [name, tensors.get(name) ?? own]));
  return { ...graph, nodes, initializers };
}

function differencesOf(
  { functions = [], initializers }: Model,
  lifted: ReadonlyMap<string, Tensor>,
  equal: ReadonlyMap<string, string>,
): string[] {
  const stored = [...initializers.values(), ...lifted.values()].map(({ dtype }) => dtype).filter(isStoredFloat);
  const types = [...new Set(stored)].join(" and ");
  return [
    ...(functions.length > 0 ? [`It defines ${functions.length} functions, which are written in place.`] : []),
    ...(lifted.size > 0
      ? [`${lifted.size} weights are held by Constant nodes or by graphs inside, and are written there.`]
      : []),
    ...(equal.size > 0 ? [`${equal.size} weights are equal to others: they stay so.`] : []),
    ...(types ? [`${stored.length} tensors are ${types}: they are trained in float32 and written as they came.`] : []),
  ];
}

/** Weights of layers that are equal to others before them: tied, as their file holds them more than once. */
function equalWeights(model: Model): Map<string, string> {
  const may = mergeable(model);
  const reads = readsThroughViews(flattened(model));
  return equalInitializers(model.initializers, (name, tensor) => {
    const isMatrix = tensor.dims.filter((size) => size > 1).length > 1 && isFloating(tensor.dtype);
    return (
      isMatrix &&
      may(name, tensor) &&
      (reads.get(name)?.some(({ node, input }) => isWeight(node, input, tensor)) ?? false)
    );
  });
}

/** The weights that Constant nodes hold, and those of graphs inside, by the names of their values. */
function liftedWeights(model: Model): Map<string, NumericTensor> {
  const flat = flattened(model);
  const reads = readsThroughViews(flat);
  const found = new Map<string, NumericTensor>();
  const inside = flat.nodes.flatMap(subgraphsOf).flatMap(({ initializers }) => [...initializers]);
  const constants = flat.nodes.flatMap((node) => {
    const value = constantTensor(node);
    return value ? [[node.outputs[0], value] as const] : [];
  });
  for (const [name, value] of [...constants, ...inside]) {
    if (value.dtype === "string" || value.dims.length === 0 || !isFloating(value.dtype)) continue;
    const learned = reads
      .get(name)
      ?.some((read) => isWeight(read.node, read.input, value) || isOffset(read.node, value));
    if (learned) found.set(name, value);
  }
  return found;
}

function numeric(tensor: Tensor | undefined): NumericTensor | undefined {
  return tensor?.dtype === "string" ? undefined : tensor;
}

function isFloating(dtype: DType): boolean {
  return dtype === "float32" || isStoredFloat(dtype);
}

/** The model with float32 in the place of halves, and of doubles where an input or a weight is one. */
function inFloat32(model: Model): Model {
  const doubles =
    model.inputs.some(({ dtype }) => dtype === "float64") ||
    Array.from(model.initializers.values()).some(({ dtype, dims }) => dtype === "float64" && dims.length > 0);
  const replaced = (dtype: DType | undefined): dtype is StoredFloat =>
    dtype !== undefined && isStoredFloat(dtype) && (dtype !== "float64" || doubles);
  return { ...model, ...graphInFloat32(model, replaced) };
}

type Replaced = (dtype: DType | undefined) => dtype is StoredFloat;

function graphInFloat32(graph: Graph, replaced: Replaced): Graph {
  const typed = (value: Value): Value => (replaced(value.dtype) ? { ...value, dtype: "float32" } : value);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => nodeInFloat32(node, replaced)),
    inputs: graph.inputs.map(typed),
    outputs: graph.outputs.map(typed),
    initializers: new Map(Array.from(graph.initializers, ([name, value]) => [name, tensorInFloat32(value, replaced)])),
    values: new Map(Array.from(graph.values, ([name, value]) => [name, typed(value)])),
  };
}

/** Attributes that name an element type: Cast, EyeLike, RandomNormal and others, DequantizeLinear. */
const TYPE_NAMES = new Set(["to", "dtype", "output_dtype"]);

function nodeInFloat32(node: Node, replaced: Replaced): Node {
  const changed = mapAttributes(node, (given, name): Attribute => {
    if (given.kind === "tensor") return tensor(tensorInFloat32(given.value, replaced));
    const names = given.kind === "int" && node.domain === "" && TYPE_NAMES.has(name) ? given.value : 0;
    return replaced(FLOATS.find((dtype) => codeOf(dtype) === names)) ? int(codeOf("float32")) : given;
  });
  return mapSubgraphs(changed, (graph) => graphInFloat32(graph, replaced));
}

function tensorInFloat32(value: Tensor, replaced: Replaced): Tensor {
  return value.dtype !== "string" && replaced(value.dtype) ? (toFloat32(value) ?? value) : value;
}
