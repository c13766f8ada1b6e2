import type { TensorSpec } from "../data/dataset.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Task } from "../tasks/task.ts";
import { exposeBatchNorm, type RunningStatistic } from "./batch-norm.ts";
import { type CarriedState, exposeState } from "./carried-state.ts";
import { type DropoutSite, exposeDropout } from "./dropout.ts";
import { targetOf } from "./feeding.ts";

/** The output that holds the loss, a float32 scalar. */
export const LOSS = "loss";

/** A network with its loss, as it is trained: (batch, targets, dropout noise) -> (loss, statistics of the batch). */
export interface Objective {
  readonly model: Model;
  /** The targets that the task wants; each has an input by the name that `targetOf` gives. */
  readonly targets: readonly TensorSpec[];
  readonly dropout: readonly DropoutSite[];
  /** What BatchNormalization nodes that go by the batch's statistics renew. */
  readonly statistics: readonly RunningStatistic[];
  /** What recurrent nodes take from each sample to the one that follows it. */
  readonly states: readonly CarriedState[];
}

export interface ObjectiveOptions {
  /** Parameters by whose training a BatchNormalization goes by the batch's statistics; default: none does. */
  readonly adapting?: ReadonlySet<string>;
  /** Whether each sample goes on where the last one ended, and recurrent nodes with it; default: no. */
  readonly sequence?: boolean;
}

/**
 * Puts a task's loss behind a network and makes its dropout active.
 * @throws UserError for outputs that do not fit the task
 */
export function objective(
  annotated: TypedModel,
  task: Pick<Task, "targets" | "loss"> & Partial<Pick<Task, "form">>,
  { adapting = new Set<string>(), sequence = false }: ObjectiveOptions = {},
): Objective {
  const model = copyModel(annotated);
  const { outputs } = annotated;
  const [
    {
      shape: [batch],
    },
    // Outputs that are imitated may have no axis for the samples; of all others it is the first.
  ] = task.form?.kind === "all" ? fedInputs(annotated) : outputs;
  const targets = task.targets(outputs);
  const graph = new GraphBuilder(model, "loss/");
  const dropout = exposeDropout(graph, annotated);
  const statistics = exposeBatchNorm(graph, annotated, adapting);
  const states = sequence ? exposeState(graph, annotated) : [];
  const fed = targets.map(({ name, dtype, shape }) => ({ name: targetOf(name), dtype, shape: [batch, ...shape] }));
  model.inputs.push(...fed);
  graph.emit("Identity", [task.loss(graph, outputs, fed)], {}, LOSS);
  model.outputs = [{ name: LOSS, dtype: "float32", shape: [] }];
  return { model, targets, dropout, statistics, states };
}
