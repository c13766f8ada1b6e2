import type { LearningData, Split } from "../../data/dataset.ts";
import { routed } from "../../data/routes.ts";
import { isSequence, type OrderedBatch, streams } from "../../data/streams.ts";
import { inStretches } from "../../data/stretches.ts";
import { settle } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { int } from "../../onnx/attributes.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import type { NumericType } from "../../onnx/dtype.ts";
import { copyModel, type Model } from "../../onnx/graph.ts";
import { zeroStates } from "../../onnx/states.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { inStep, unrolled } from "../../onnx/unroll.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import { permutation, type Random, random } from "../../random.ts";
import { regress } from "../../tasks/regress.ts";
import type { Task } from "../../tasks/task.ts";
import { beside } from "../../training/beside.ts";
import { routesFor } from "../../training/feeding.ts";
import { schedule } from "../../training/schedule.ts";
import { Trainer } from "../../training/trainer.ts";
import type { OnWork } from "../../work.ts";
import { embedded, type OutputKind } from "./embedded.ts";
import type { Scaling } from "./rounded.ts";
import { rounding, roundingRules } from "./straight-through.ts";

/** What is trained is the network's only output: its distance from the teacher. */
const asItIs: Task = { ...regress(), targets: () => [], loss: (_, [distance]) => distance.name };

export interface ImitationOptions {
  readonly epochs: number;
  /** Samples of an epoch at most: of more, each epoch goes on with others; default: all. */
  readonly samples?: number;
  /** Samples in a batch; of those whose state a caller carries, a few recordings are enough. */
  readonly batch: number;
  readonly seed: number;
  readonly kinds?: readonly OutputKind[];
  /** The type in which a parameter is written; default: float32. */
  readonly typeOf?: (name: string) => NumericType;
  /** The first learning rate of Adam, in codes. */
  readonly rate?: number;
  readonly scales: readonly number[];
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  /** Is told after each epoch what it came to; ends the training where it returns true. */
  readonly onEpoch: (epoch: number, loss: number, scaling: Scaling) => Promise<boolean>;
}

const RATE = 0.008;

/**
 * Trains the codes, the scales and the biases of a scaled network so that its outputs, embedded, come nearer to those of the network as it came, on
 * training samples, without targets.
 */
export async function imitate(
  engine: Engine,
  source: Model,
  scaling: Scaling,
  data: LearningData,
  {
    epochs,
    samples: enough = Number.POSITIVE_INFINITY,
    batch: most,
    seed,
    kinds = [],
    typeOf,
    rate = RATE,
    scales,
    signal,
    onWork,
    onEpoch,
  }: ImitationOptions,
): Promise<void> {
  const student = rounding(source, scaling, typeOf);
  const { model, frozen } = beside(student.model, upgrade(source));
  const sequence = isSequence(data.train);
  const carried = sequence && zeroStates(model).length > 0;
  const [frames, batch] = carried ? [FRAMES, Math.min(most, ROWS)] : [1, most];
  const learned = frames > 1 ? inStretches(data, frames, inStep) : data;
  const own = withDistance(await settle(engine, model, { batch }), { scales, kinds, batch });
  const trainer = await Trainer.create(engine, frames > 1 ? meanOf(unrolled(own, frames)) : own, {
    batch,
    seed,
    task: asItIs,
    optimizer: { name: "adam" },
    frozen: new Set([...frozen, ...student.frozen]),
    masks: student.masks,
    batchNorm: "frozen",
    rules: roundingRules,
    stepsPerRun: 1,
    sequence,
  });
  try {
    const split = routed(learned.train, routesFor(trainer.feed, learned));
    const rateAt = schedule({ policy: "cosine", rate, final: rate / 20 });
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const all = sequence ? streams(split, batch, true) : shuffled(split, batch, random(seed, "imitate", epoch));
      const order = partOf([...all], Math.max(1, Math.floor(enough / (batch * frames))), epoch);
      let loss = 0;
      for (const [step, { samples, begins }] of order.entries()) {
        signal?.throwIfAborted();
        if (begins) trainer.startSequence();
        await split.read(samples, trainer.batchOf(0));
        const [own] = await trainer.run([rateAt({ iteration: 0, epoch: epoch - 1 + step / order.length, epochs })]);
        loss += own / order.length;
        onWork?.("Imitating the network", (epoch - 1) * order.length + step + 1, epochs * order.length);
      }
      if (await onEpoch(epoch, loss, student.read(await trainer.parameters()))) return;
    }
  } finally {
    await trainer.release();
  }
}

/** Frames over which gradients go back through a state that the caller carries, and recordings side by side. */
const FRAMES = 8;
const ROWS = 4;

/** A split in full batches, in another order. */
function* shuffled({ size }: Split, batch: number, chance: Random): Generator<OrderedBatch> {
  const order = permutation(size, chance);
  for (let end = batch; end <= size; end += batch) yield { samples: order.subarray(end - batch, end), begins: true };
}

/** So many batches of an epoch at most: those that follow the ones of the epoch before. */
function partOf(all: readonly OrderedBatch[], most: number, epoch: number): readonly OrderedBatch[] {
  if (all.length <= most) return all;
  const from = ((epoch - 1) * most) % all.length;
  const [first, ...others] = [...all.slice(from), ...all.slice(0, from)].slice(0, most);
  return [{ ...first, begins: true }, ...others];
}

/** The mean of all outputs as the only one. */
function meanOf(model: Model): Model {
  const names = model.outputs.map(({ name }) => name);
  const mean = new GraphBuilder(model, "mean/").emit("Mean", names);
  model.outputs = [{ name: mean, dtype: "float32", shape: [] }];
  return model;
}

/** The two networks with the mean squared distance of their outputs, embedded, as the only output. */
function withDistance(
  typed: TypedModel,
  {
    scales,
    kinds,
    batch,
  }: { readonly scales: readonly number[]; readonly kinds: readonly OutputKind[]; readonly batch: number },
): Model {
  const model = { ...copyModel(typed), inputs: [...typed.inputs] };
  const graph = new GraphBuilder(model, "distance/");
  const count = typed.outputs.length / 2;
  const parts = typed.outputs.slice(0, count).flatMap((output, i) => {
    if (output.dtype !== "float32") return [];
    const form = { scale: scales[i], kind: kinds[i] };
    const targets = embedded(graph, typed, typed.outputs[count + i], form);
    return embedded(graph, typed, output, form).map((value, part) => {
      const difference = graph.emit("Sub", [value, targets[part]]);
      return graph.emit("ReduceSum", [graph.emit("Mul", [difference, difference])], { keepdims: int(0) });
    });
  });
  const distance = graph.emit("Div", [graph.emit("Sum", parts), graph.scalar("float32", batch)]);
  model.outputs = [{ name: distance, dtype: "float32", shape: [] }];
  return model;
}
