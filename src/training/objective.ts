import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model, typeOf } from "../onnx/graph.ts";
import { exposeBatchNorm, type RunningStatistic } from "./batch-norm.ts";
import { type DropoutSite, exposeDropout } from "./dropout.ts";
import { type Loss, oneHot } from "./loss.ts";

/** The input that takes the batch's labels, int32 [batch]. */
export const LABELS = "labels";
/** The output that holds the loss, a float32 scalar. */
export const LOSS = "loss";

/** A network with its loss, as it is trained: (batch, labels, dropout noise) -> (loss, statistics of the batch). */
export interface Objective {
  readonly model: Model;
  readonly dropout: readonly DropoutSite[];
  /** What BatchNormalization nodes that go by the batch's statistics renew. */
  readonly statistics: readonly RunningStatistic[];
}

/**
 * Puts a loss behind a network and makes its dropout active.
 * @param annotated a model with concrete shapes, whose first output is [batch, classes]
 * @param adapting parameters by whose training a BatchNormalization goes by the batch's statistics; default: none does
 */
export function objective(annotated: Model, loss: Loss, adapting: ReadonlySet<string> = new Set()): Objective {
  const model = copyModel(annotated);
  const output = model.outputs[0].name;
  const { dims } = typeOf(model, output);
  if (dims.length !== 2) {
    throw new UserError(
      `The output "${output}" has the shape [${dims}], and training needs [batch, classes]: choose another output.`,
    );
  }
  const graph = new GraphBuilder(model, "loss/");
  const dropout = exposeDropout(graph);
  const statistics = exposeBatchNorm(graph, adapting);
  model.inputs.push({ name: LABELS, dtype: "int32", shape: [dims[0]] });
  const target = oneHot(graph, LABELS, dims[1]);
  graph.emit("Identity", [loss(graph, output, target, dims[0])], {}, LOSS);
  model.outputs = [{ name: LOSS, dtype: "float32", shape: [] }];
  return { model, dropout, statistics };
}
