import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { exposeBatchNorm, type RunningStatistic } from "./batch-norm.ts";
import { type CarriedState, exposeState } from "./carried-state.ts";
import { type DropoutSite, exposeDropout } from "./dropout.ts";
import { type Loss, oneHot } from "./loss.ts";

/** The input that takes the batch's labels, int32 [batch x labels of a sample]. */
export const LABELS = "labels";
/** The output that holds the loss, a float32 scalar. */
export const LOSS = "loss";

/** A network with its loss, as it is trained: (batch, labels, dropout noise) -> (loss, statistics of the batch). */
export interface Objective {
  readonly model: Model;
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
 * Puts a loss behind a network and makes its dropout active.
 * @param annotated a network whose first output is [batch, classes] or [batch, steps, classes]
 */
export function objective(
  annotated: TypedModel,
  loss: Loss,
  { adapting = new Set<string>(), sequence = false }: ObjectiveOptions = {},
): Objective {
  const model = copyModel(annotated);
  const { name, dims } = firstOutput(annotated);
  const graph = new GraphBuilder(model, "loss/");
  const dropout = exposeDropout(graph, annotated);
  const statistics = exposeBatchNorm(graph, annotated, adapting);
  const states = sequence ? exposeState(graph, annotated) : [];
  const rows = sizeOf(dims.slice(0, -1));
  const classes = dims[dims.length - 1];
  model.inputs.push({ name: LABELS, dtype: "int32", shape: [rows] });
  const scores = dims.length === 2 ? name : graph.emit("Reshape", [name, graph.ints([rows, classes])]);
  const target = oneHot(graph, LABELS, classes);
  graph.emit("Identity", [loss(graph, scores, target, rows)], {}, LOSS);
  model.outputs = [{ name: LOSS, dtype: "float32", shape: [] }];
  return { model, dropout, statistics, states };
}

function firstOutput({ outputs: [{ name, shape: dims }] }: TypedModel) {
  if (dims.length === 2 || dims.length === 3) return { name, dims };
  throw new UserError(
    `The output "${name}" has the shape [${dims}], and training needs [batch, classes] or [batch, steps, classes]: choose another output.`,
  );
}
