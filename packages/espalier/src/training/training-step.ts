import { reachedByGradient } from "../autodiff/differentiate.ts";
import type { GradientRule } from "../autodiff/rule.ts";
import { annotateAdditions, settle } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { repeat } from "../onnx/repeat.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { classify } from "../tasks/classify.ts";
import type { Task } from "../tasks/task.ts";
import type { BatchNorm } from "./batch-norm.ts";
import type { CarriedState } from "./carried-state.ts";
import { batchInputs } from "./check-data.ts";
import type { Clipping } from "./clip.ts";
import { type Distillation, distilled } from "./distillation.ts";
import type { DropoutSite } from "./dropout.ts";
import type { Feed } from "./feeding.ts";
import { type FeedType, feedTypes, stepsPerRun } from "./feeds.ts";
import { objective } from "./objective.ts";
import { type Optimizer, type Transform, transformOf } from "./optimizer.ts";
import { type Masks, trainableParameters } from "./parameters.ts";
import { type Regularization, type StepGraph, wholeStep } from "./step-graph.ts";

/** What a training step learns, and how. */
export interface TrainingStepOptions {
  readonly batch: number;
  /** What the network learns; default: to classify. */
  readonly task?: Task;
  readonly optimizer: Optimizer | Transform;
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
  /** Connections to keep; what a mask cuts stays exactly zero. */
  readonly masks?: Masks;
  /** Whether what a mask cuts goes on learning unseen, so that a later mask may bring it back. */
  readonly splicing?: boolean;
  /** Parameters to leave as they are; no gradient is built for them. */
  readonly frozen?: ReadonlySet<string>;
  /**
   * What BatchNormalization goes by; default: what the task says, else the batch's statistics, while the running ones follow. So does
   * retraining after pruning: what is cut changes the means and variances of all that lies behind, and the running
   * statistics of the dense network no longer hold. Frozen statistics are for batches too small to have their own.
   */
  readonly batchNorm?: BatchNorm;
  /** A network to learn from beside the targets; default: none. */
  readonly distillation?: Distillation;
  /** Ratio of dropped units by Dropout node; default: the ratio that the model states. */
  readonly dropout?: ReadonlyMap<string, number>;
  readonly rules?: ReadonlyMap<string, GradientRule>;
  /** Whether each batch goes on where the last one ended, and recurrent nodes with it; default: no. */
  readonly sequence?: boolean;
  /** Steps that one run of the runtime does; default: as many as memory allows, up to 16. */
  readonly stepsPerRun?: number;
}

/**
 * A network's training step as plain data, without the values of what it trains: all that a trainer needs, here or
 * wherever the data is sent.
 */
export interface TrainingStep extends Omit<StepGraph, "model"> {
  /** The graph of one run, which does up to `capacity` steps. */
  readonly model: Model;
  readonly capacity: number;
  readonly batch: number;
  /** What one step is fed. */
  readonly types: ReadonlyMap<string, FeedType>;
  /** What each batch is made of. */
  readonly feed: Feed;
  /** The names of what is trained, and of the running statistics and the optimizer's tensors that go with it. */
  readonly parameters: readonly string[];
  readonly statistics: readonly string[];
  readonly slots: readonly string[];
  readonly states: readonly CarriedState[];
  /** With the ratios that are to be. */
  readonly dropout: readonly DropoutSite[];
}

/**
 * Makes the training step of a network.
 * @throws UserError when the network cannot be trained: an operator without a gradient rule, no float32 parameter, ...
 */
export async function trainingStep(engine: Engine, source: Model, options: TrainingStepOptions): Promise<TrainingStep> {
  const { batch, masks = new Map(), frozen = new Set(), sequence, dropout: ratios, distillation } = options;
  const upgraded = upgrade(source);
  const { task: wanted = classify() } = options;
  const { model: whole, task } = distillation
    ? distilled(upgraded, wanted, distillation)
    : { model: upgraded, task: wanted };
  const { batchNorm = task.batchNorm ?? "batch" } = options;
  const typed = await settle(engine, whole, { batch });
  const inputs = batchInputs(typed, batch);
  const free = trainableParameters(source).filter((name) => !frozen.has(name));
  const parameters = trained(typed, free, { ...options, task });
  const adapting = new Set(batchNorm === "batch" ? parameters : []);
  const { model, targets, dropout, statistics, states } = objective(typed, task, { adapting, sequence });
  const annotated = await annotateAdditions(engine, model, typed);
  const stepOptions = {
    ...options,
    parameters,
    statistics,
    states,
    optimizer: transformOf(options.optimizer),
    masked: new Set(masks.keys()),
    blockSize: await engine.blockSize?.(),
  };
  const step = wholeStep(annotated, stepOptions);
  const { carry, resident } = step;
  const types = feedTypes(step);
  const capacity = options.stepsPerRun ?? stepsPerRun(engine, step);
  const running = statistics.map(({ name }) => name);
  return {
    // A single step renews its state where it lies; several in a row hold two states in turns.
    model:
      capacity === 1
        ? wholeStep(annotated, { ...stepOptions, overwriting: true }).model
        : repeat(step.model, { carry, shared: new Set(resident) }),
    carry,
    resident,
    capacity,
    batch,
    types,
    feed: { inputs, targets },
    parameters,
    statistics: running,
    // The states of recurrent nodes are among the slots: zero at first, saved and restored like them.
    slots: Object.values(carry).filter((name) => !parameters.includes(name) && !running.includes(name)),
    states,
    dropout: dropout.map((site) => ({ ...site, ratio: ratios?.get(site.name) ?? site.ratio })),
  };
}

/** The shape of what a step holds from run to run. */
export function heldShape({ model }: TrainingStep, name: string): readonly number[] {
  const shape = fedInputs(model).find((input) => input.name === name)?.shape;
  if (!shape) throw new Error(`The training step holds no "${name}".`);
  return shape.map(Number);
}

/** The parameters that the task's outputs depend on: all of a network's, or the first. */
function trained(
  model: TypedModel,
  free: readonly string[],
  { rules, task }: Pick<TrainingStepOptions, "rules"> & { readonly task: Task },
): string[] {
  const own = task.form.kind === "all" ? model.outputs : model.outputs.slice(0, 1);
  const learning = own.filter(({ dtype }) => dtype === "float32");
  const found = new Set(learning.flatMap(({ name }) => reachedByGradient(model, name, free, rules)));
  const reached = free.filter((name) => found.has(name));
  if (reached.length > 0) return reached;
  throw new UserError(
    `The output of "${model.name}" depends on no float32 parameter that is free to change: nothing can be trained.`,
  );
}
