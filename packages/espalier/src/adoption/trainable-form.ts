import { type Attribute, int, tensor } from "../onnx/attributes.ts";
import { codeOf, type DType } from "../onnx/dtype.ts";
import { constantTensor, copyModel, type Graph, type Model, type Node, type Value } from "../onnx/graph.ts";
import { FLOATS, isStoredFloat, type StoredFloat, storedLike, toFloat32 } from "../onnx/half.ts";
import { inlineFunctions } from "../onnx/inline.ts";
import { mapAttributes, mapSubgraphs } from "../onnx/rename.ts";
import type { FloatTensor, NumericTensor, Tensor } from "../onnx/tensor.ts";
import { isOffset, isWeight, readsThroughViews } from "../operators/roles.ts";
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
  /** The parameters as the file can hold them: rounded where their type is a half. */
  rounded(parameters: ReadonlyMap<string, FloatTensor>): Map<string, FloatTensor>;
}

/**
 * Brings a network that was exported elsewhere into the form in which everything here works. Weights in Constant nodes
 * become initializers under the names of the nodes' outputs; halves, and doubles where weights are, become float32; the
 * gates of recurrent nodes become matrices of their own.
 */
export function trainableForm(source: Model): TrainableForm {
  const base = inlineFunctions(source);
  const lifted = liftedWeights(base);
  const held = (name: string): NumericTensor | undefined => lifted.get(name) ?? numeric(base.initializers.get(name));
  const { model, wholeOf, join, together } = gatesApart(inFloat32(withInitializers(base, lifted)));
  return {
    model,
    differences: differencesOf(source, lifted),
    together,
    restore(parameters) {
      const model = copyModel(base);
      const constants = new Map<string, Tensor>();
      for (const [name, values] of join(parameters)) {
        const original = held(name);
        const stored = original ? storedLike(original, values) : values;
        (lifted.has(name) ? constants : model.initializers).set(name, stored);
      }
      model.nodes = base.nodes.map((node) => {
        const value = constants.get(node.outputs[0]);
        return value ? { ...node, attributes: { value: tensor(value) } } : node;
      });
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

function differencesOf({ functions = [], initializers }: Model, lifted: ReadonlyMap<string, Tensor>): string[] {
  const stored = [...initializers.values(), ...lifted.values()].map(({ dtype }) => dtype).filter(isStoredFloat);
  const types = [...new Set(stored)].join(" and ");
  return [
    ...(functions.length > 0 ? [`It defines ${functions.length} functions, which are written in place.`] : []),
    ...(lifted.size > 0 ? [`${lifted.size} weights are held by Constant nodes, and are written there.`] : []),
    ...(types ? [`${stored.length} tensors are ${types}: they are trained in float32 and written as they came.`] : []),
  ];
}

/** The Constant nodes that hold weights, by the names of their outputs. */
function liftedWeights(model: Model): Map<string, NumericTensor> {
  const reads = readsThroughViews(model);
  const found = new Map<string, NumericTensor>();
  for (const node of model.nodes) {
    const value = constantTensor(node);
    const [name] = node.outputs;
    if (!value || value.dtype === "string" || value.dims.length === 0 || !isFloating(value.dtype)) continue;
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

function withInitializers(model: Model, lifted: ReadonlyMap<string, Tensor>): Model {
  if (lifted.size === 0) return model;
  const changed = copyModel(model);
  changed.nodes = model.nodes.filter(({ op, outputs }) => op !== "Constant" || !lifted.has(outputs[0]));
  for (const [name, value] of lifted) changed.initializers.set(name, value);
  return changed;
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
