import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { IMITATE, imitates, taskFor } from "../tasks/index.ts";
import type { Measure } from "../tasks/measure.ts";
import { type Evaluation, evaluate as evaluateSplit } from "../training/evaluate.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { fittingTargets } from "./inferred-labels.ts";
import { adoptFor } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { labelledOutput, labelledTask, splitOption, taskOptions } from "./options/task.ts";

/** The options of {@link evaluate}. */
export const evaluateOptions = {
  ...taskOptions,
  task: labelledTask,
  output: labelledOutput,
  split: splitOption,
};

const schema = z.object(evaluateOptions);

/** Which split, and the output that the labels are about. */
export type EvaluateOptions = z.input<typeof schema> & Hooks;

/** How well a network does on a split, and by what measure. */
export interface EvaluateResult extends Evaluation {
  /** By what the network was judged. */
  readonly measure: Measure;
}

/**
 * Measures how well a network does on a split of some data.
 * @throws the signal's reason when it ends the work; UserError when the data does not fit the network, or an option is
 *   not valid
 */
export async function evaluate(
  engine: Engine,
  model: Model,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<EvaluateResult> {
  const { hooks, given } = splitHooks(options);
  const { output, split, ...chosen } = checkOptions(schema, given);
  if (chosen.task === IMITATE) {
    throw new OptionsError(
      (o) =>
        `How well a network imitates is judged beside the one that it imitates: give that by ${o("against")}, without ${o("task")}.`,
    );
  }
  if (imitates(data, chosen)) {
    throw new OptionsError(
      (o) => `${data.name} has no targets to judge by: give a network to compare with, ${o("against")}.`,
    );
  }
  const task = taskFor(data, chosen);
  await fittingTargets(engine, model, data, { task, output });
  const adopted = await adoptFor(engine, model, data, task, output, hooks);
  hooks.signal?.throwIfAborted();
  const result = await evaluateSplit(engine, adopted.model, data, data[split], task, hooks.signal);
  return { ...result, measure: task.measure };
}
