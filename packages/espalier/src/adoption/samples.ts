import type { LearningData } from "../data/dataset.ts";
import { consumers, copyModel, fedInputs, type Model, type Node } from "../onnx/graph.ts";
import { isRecurrent, statesOf } from "../onnx/recurrent.ts";
import { sizedFor, withSizes } from "./bind.ts";
import { carriedStates, withOpenStates, withZeroStates } from "./states.ts";

/**
 * A network that takes the samples of some data: the sizes that its inputs leave open are theirs. Inputs that only bring
 * the first state of recurrent nodes, and of which the data has nothing, are gone: it is zero, or carried. Other states
 * that a caller would carry are zero.
 * @throws UserError when its inputs and the data's do not go together
 */
export function forSamples(source: Model, data: Pick<LearningData, "name" | "inputs">): Model {
  const begun = withoutStateInputs(source, new Set(data.inputs.map(({ name }) => name)));
  return sizedFor(withZeroStates(begun, carriedStates(begun, data)), data);
}

/**
 * {@link forSamples} for samples that follow each other: states that a caller carries stay inputs, and what becomes of
 * them outputs.
 * @throws UserError when its inputs and the data's do not go together
 */
export function forStream(source: Model, data: Pick<LearningData, "name" | "inputs">): Model {
  const begun = withoutStateInputs(source, new Set(data.inputs.map(({ name }) => name)));
  return sizedFor(withOpenStates(begun, carriedStates(begun, data)), data);
}

function withoutStateInputs(source: Model, given: ReadonlySet<string>): Model {
  const readers = consumers(source);
  const isState = (node: Node, input: string) =>
    isRecurrent(node) && statesOf(node).some((port) => node.inputs[port.input] === input);
  const fed = fedInputs(source).map(({ name }) => name);
  const states = new Set(
    fed.filter((name) => !given.has(name) && readers.get(name)?.every((node) => isState(node, name))),
  );
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
  return {
    ...copyModel(model),
    inputs: model.inputs.map((given) => (given === input ? withSizes(given, sampleShape) : given)),
  };
}
