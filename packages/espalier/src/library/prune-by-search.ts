import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { OptionsError } from "../options-error.ts";
import type { Round } from "../pruning/round.ts";
import { searchRounds } from "../pruning/search.ts";
import { checkTarget } from "../pruning/target.ts";
import { worsened } from "../tasks/measure.ts";
import { evaluate } from "../training/evaluate.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import { splitHooks } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { pruneSearchOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { onTask } from "./prepare-task.ts";
import { type PruneHooks, type PruneResult, runPruning } from "./prune.ts";
import { lossOf } from "./training.ts";

const schema = z.object({ ...taskOptions, ...pruneSearchOptions });
const EPOCHS = 12;

/** How far to go, `maxLoss`, `rate` or both; and how to retrain. */
export type PruneBySearchOptions = z.input<typeof schema> & PruneHooks;

/**
 * Looks for the smallest network that is worse than the model by `maxLoss` at most, in the measure on the validation
 * split, or that has the rate: in rounds of pruning and retraining, each of which divides what is left among the layers by how sensitive they
 * are.
 * @throws UserError for a rate that cannot be reached, data that does not fit, or an option that is not valid
 */
export async function pruneBySearch(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: PruneBySearchOptions,
): Promise<PruneResult> {
  const startedAt = performance.now();
  const { onBest, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { maxLoss, rate } = chosen;
  if (maxLoss === undefined && rate === undefined) {
    throw new OptionsError((o) => `How far to prune is not clear: give ${o("maxLoss")}, ${o("rate")} or both.`);
  }
  const choice = { ...chosen, loss: lossOf(chosen) };
  return onTask(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model } = adopted;
    if (rate !== undefined) {
      checkTarget({ kind: "rate", rate }, layersOf(model), parametersOf(model, trainableParameters(model)));
    }
    const run = {
      task,
      adopted,
      imitation,
      options: chosen,
      intent: { kind: "search", maxLoss, rate },
      maxLoss,
      hot: true,
      epochs: EPOCHS,
      async plan(retrain: Omit<Round, "name" | "prune">, frozen: ReadonlySet<string>) {
        const layers = layersOf(model).filter(({ weight }) => !frozen.has(weight));
        if (maxLoss === undefined) return searchRounds(engine, model, data, { rate, retrain, layers, task });
        const { measure } = task;
        const dense = await evaluate(engine, model, data, data.validation, task);
        const limit = worsened(measure, dense.value, maxLoss);
        const slack = measure.chance?.(limit, dense);
        return searchRounds(engine, model, data, { limit, slack, rate, retrain, layers, task });
      },
      startedAt,
    };
    return runPruning(engine, data, run, { ...hooks, onBest });
  });
}
