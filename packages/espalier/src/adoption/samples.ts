import type { LearningData } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { consumers, copyModel, fedInputs, type Model, type Node } from "../onnx/graph.ts";
import { isRecurrent, statesOf } from "../onnx/recurrent.ts";
import { renamed } from "../onnx/rename.ts";
import { sizeOf } from "../onnx/tensor.ts";

/** What of a dataset says how a network takes its samples. */
export type SampleForm = Pick<LearningData, "sampleShape" | "inputs"> & {
  /** Labels of each sample, where it is a sequence with scores for each step. */
  readonly labels?: number;
};

/** What of a dataset says how a network takes its samples. */
export function sampleForm({
  sampleShape,
  inputs,
  train,
}: Pick<LearningData, "sampleShape" | "inputs" | "train">): SampleForm {
  return { sampleShape, inputs, labels: train.labels };
}

/**
 * A network that takes the samples of some data in its one input: numbers, tokens among them, which become whole
 * numbers inside. Inputs for the first state of recurrent nodes are gone: it is zero, or carried. Several inputs
 * become one in which they lie one behind the other.
 * @throws UserError when the network has several inputs and the data does not
 */
export function forSamples(source: Model, { sampleShape, inputs, labels }: Partial<SampleForm>): Model {
  const model = labels === undefined ? source : withNumbers(withoutStateInputs(source));
  return inputs ? joined(model, inputs) : withSample(model, sampleShape);
}

/** The model with inputs of numbers in the place of inputs of whole numbers. */
function withNumbers(source: Model): Model {
  const model = copyModel(source);
  const graph = new GraphBuilder(model);
  model.nodes = [];
  const whole = new Map<string, string>();
  model.inputs = source.inputs.map((input) => {
    const { name, dtype } = input;
    if (source.initializers.has(name) || (dtype !== "int64" && dtype !== "int32")) return input;
    whole.set(name, graph.emit("Cast", [name], { to: int(codeOf(dtype)) }, graph.fresh(`${name}/whole`)));
    return { ...input, dtype: "float32" };
  });
  model.nodes.push(...source.nodes.map((node) => renamed(node, whole)));
  return model;
}

/** The model without the inputs that only bring the first state of recurrent nodes, which begin from zeros then. */
function withoutStateInputs(source: Model): Model {
  const readers = consumers(source);
  const isState = (node: Node, input: string) =>
    isRecurrent(node) && statesOf(node).some((port) => node.inputs[port.input] === input);
  const fed = fedInputs(source).map(({ name }) => name);
  const states = new Set(fed.filter((name) => readers.get(name)?.every((node) => isState(node, name))));
  if (states.size === 0) return source;
  return {
    ...source,
    inputs: source.inputs.filter(({ name }) => !states.has(name)),
    nodes: source.nodes.map((node) =>
      isRecurrent(node) ? { ...node, inputs: node.inputs.map((name) => (states.has(name) ? "" : name)) } : node,
    ),
  };
}

/** The model with the open sizes of its first input, but for the batch, set to those of a sample. */
export function withSample(model: Model, sampleShape: readonly number[] | undefined): Model {
  const [input] = fedInputs(model);
  if (!sampleShape || !input) return model;
  const [batch = null, ...sizes] = input.shape ?? [null, ...sampleShape];
  if (sizes.length !== sampleShape.length) return model;
  const shape = [batch, ...sizes.map((size, i) => (typeof size === "number" ? size : sampleShape[i]))];
  return {
    ...copyModel(model),
    inputs: model.inputs.map((given) => (given === input ? { ...given, shape } : given)),
  };
}

/** The model with one input in the place of several, in which they lie one behind the other. */
function joined(source: Model, shapes: readonly (readonly number[])[]): Model {
  const fed = fedInputs(source);
  if (fed.length !== shapes.length || fed.some(({ dtype }) => dtype !== "float32")) {
    throw new UserError(
      `The network "${source.name}" has the inputs ${fed.map(({ name, dtype }) => `${name} (${dtype})`).join(", ") || "none"}, and samples are made for ${shapes.length} of numbers: use a network for that data.`,
    );
  }
  const model = copyModel(source);
  const graph = new GraphBuilder(model, "sample/");
  model.nodes = [];
  const sample = graph.fresh("all");
  let start = 0;
  for (const [i, { name }] of fed.entries()) {
    const end = start + sizeOf(shapes[i]);
    const part = graph.emit("Slice", [sample, ...[[start], [end], [1]].map((values) => graph.ints(values))]);
    graph.emit("Reshape", [part, graph.ints([-1, ...shapes[i]])], {}, name);
    start = end;
  }
  model.nodes.push(...source.nodes);
  const others = source.inputs.filter((input) => !fed.includes(input));
  model.inputs = [{ name: sample, dtype: "float32", shape: ["batch", start] }, ...others];
  return model;
}
