import { batchOf, type Split } from "../data/dataset.ts";
import { isSequence, type OrderedBatch, streams } from "../data/streams.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { type CarriedState, exposeState } from "./carried-state.ts";
import { type Feed, fedTensors } from "./feeding.ts";

/** A network whose states are fed. */
export interface OpenStates {
  /** The network, with its states as further inputs; its outputs are as they were. */
  readonly model: Model;
  readonly states: readonly CarriedState[];
}

/** Makes the states inputs that a network would carry from each sample to the one that follows it. */
export function withOpenStates(typed: TypedModel): OpenStates {
  const model = copyModel(typed);
  const states = exposeState(new GraphBuilder(model), typed);
  return { model, states };
}

/** Returns true if a network, on samples that follow each other, carries something from each to the next. */
export function carriesStates(typed: TypedModel, split: Split): boolean {
  return isSequence(split) && withOpenStates(typed).states.length > 0;
}

/** A batch of samples of which each goes on where its row ended in the batch before. */
export interface Visit {
  /** Whether each row begins anew, from a state of zeros. */
  readonly begins: boolean;
  /** What the network is fed, its inputs and the states that it had come to; and targets. */
  readonly fed: Tensors;
  /** What it gives. */
  readonly outputs: Tensors;
}

/** Steps that a stretch should have at least, for its states to be those of longer ones. */
const LEAST_STEPS = 32;
/** Numbers that all that is fed together may be: 256 MB. */
const MOST_NUMBERS = 2 ** 26;

/**
 * Runs a network, as it is, over samples that follow each other.
 * @param split whose tensors are fed by the names of the network's inputs
 * @param samples how many are enough: of many recordings the first ones of each
 * @yields full batches in their order
 */
export async function* visits(
  engine: Engine,
  { model, states }: OpenStates,
  split: Split,
  feed: Feed,
  samples: number,
): AsyncGenerator<Visit> {
  const [batch] = feed.inputs[0].shape;
  const room = [...feed.inputs, ...states.map(({ dims: shape }) => ({ shape }))];
  const perBatch = room.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const most = Math.max(1, Math.floor(Math.min(samples / batch, MOST_NUMBERS / perBatch)));
  const inputs = [...feed.inputs, ...states].map(({ name }) => name);
  const inputsOf = (fed: Tensors) => Object.fromEntries(inputs.map((name) => [name, fed[name]]));
  const wanted = new Set([...model.outputs, ...states.map(({ next: name }) => ({ name }))].map(({ name }) => name));
  const program = await engine.compile({ ...model, outputs: [...wanted].map((name) => ({ name })) });
  try {
    let known: Tensors = {};
    for (const { samples, begins } of first([...streams(split, batch, true)], most)) {
      if (begins) known = Object.fromEntries(states.map(({ name, dims }) => [name, float32(dims)]));
      const { tensors, arrays } = batchOf(fedTensors(feed), batch);
      await split.read(samples, arrays);
      const fed = { ...tensors, ...known };
      const outputs = await program.run(inputsOf(fed));
      known = Object.fromEntries(states.map(({ name, next }) => [name, outputs[next]]));
      yield { begins, fed, outputs };
    }
  } finally {
    await program.release();
  }
}

/** So many batches, from the beginning of as many stretches as there are. */
function first(all: readonly OrderedBatch[], most: number): OrderedBatch[] {
  const stretches = all.filter(({ begins }) => begins).length;
  const steps = Math.max(LEAST_STEPS, Math.ceil(most / stretches));
  let step = 0;
  const kept = all.filter(({ begins }) => {
    step = begins ? 0 : step + 1;
    return step < steps;
  });
  return kept.slice(0, most);
}
