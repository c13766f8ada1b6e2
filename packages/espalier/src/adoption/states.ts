import type { LearningData } from "../data/dataset.ts";
import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { noteZeroStates, type State } from "../onnx/states.ts";

/** Names that exporters give to what is carried: state, h0, c_in, hidden, cell, past_key, cache. */
const STATE_NAME = /state|hidden|cell|cache|past|mem(ory)?(\b|_)|^[hc](_?(0|n|t|in|out|prev))?$/i;

/**
 * The states that a caller carries from one run of a network to the next: the inputs that are more than the data has
 * tensors, and of no tensor's name, as far as they are called a state and an output has their type, rank and sizes.
 */
export function carriedStates(model: Model, data: Pick<LearningData, "inputs">): State[] {
  const fed = fedInputs(model);
  const named = new Set(data.inputs.map(({ name }) => name));
  const taken = new Set<string>();
  const states = fed.flatMap((input) => {
    const output = model.outputs.find((value) => !taken.has(value.name) && isNext(input, value));
    if (named.has(input.name) || !STATE_NAME.test(input.name) || !output) return [];
    taken.add(output.name);
    return [{ input: input.name, output: output.name }];
  });
  const more = Math.max(0, fed.length - data.inputs.length);
  return states.slice(Math.max(0, states.length - more));
}

/** Returns true if an output may be what becomes of an input: where both state a size, it is the same. */
function isNext(input: Value, output: Value): boolean {
  const [before, after] = [input.shape ?? [], output.shape ?? []];
  if (input.dtype !== "float32" || output.dtype !== "float32" || before.length < 2) return false;
  if (before.length !== after.length) return false;
  return before.every((size, i) => typeof size !== "number" || typeof after[i] !== "number" || size === after[i]);
}

/** The network with its states as inputs, the sizes that they leave open being the batch. */
export function withOpenStates(source: Model, states: readonly State[]): Model {
  const inputs = new Set(states.map(({ input }) => input));
  const opened = ({ shape, ...value }: Value): Value => ({
    ...value,
    shape: shape?.map((size) => (typeof size === "number" ? size : "batch")),
  });
  return { ...source, inputs: source.inputs.map((value) => (inputs.has(value.name) ? opened(value) : value)) };
}

/** What is said of a network's states, in sentences. */
export function stateNotes(model: Model, data: Pick<LearningData, "inputs"> & Partial<Pick<LearningData, "train">>) {
  const how = data.train?.stream ? "is carried from sample to sample, from zero on" : "is zero for each sample";
  return carriedStates(model, data).map(
    ({ input, output }) => `The state "${input}" ${how}, and what becomes of it, "${output}", is not compared.`,
  );
}

/**
 * The network as it begins: each of some states is zero, of as many rows as there are samples where its size is open,
 * and what becomes of it is no output, but still computed.
 */
export function withZeroStates(source: Model, states: readonly State[]): Model {
  if (states.length === 0) return source;
  const model = copyModel(source);
  const inputs = new Set(states.map(({ input }) => input));
  const outputs = new Set(states.map(({ output }) => output));
  const [samples] = fedInputs(source).filter(({ name }) => !inputs.has(name));
  const graph = new GraphBuilder(model, "state/");
  const { nodes } = model;
  model.nodes = [];
  for (const { name, shape = [] } of source.inputs.filter(({ name }) => inputs.has(name))) {
    const batch = () => graph.emit("Slice", [graph.emit("Shape", [samples.name]), graph.ints([0]), graph.ints([1])]);
    const dims = shape.map((size) => (typeof size === "number" ? graph.ints([size]) : batch()));
    graph.emit("Expand", [graph.scalar("float32", 0), graph.emit("Concat", dims, { axis: int(0) })], {}, name);
  }
  model.nodes.push(...nodes);
  model.inputs = source.inputs.filter(({ name }) => !inputs.has(name));
  model.outputs = source.outputs.filter(({ name }) => !outputs.has(name));
  noteZeroStates(model, states);
  return model;
}
