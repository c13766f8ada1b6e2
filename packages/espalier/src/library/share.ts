import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { rowsOf, type SharedRow } from "../sharing/rows.ts";
import type { Sharing } from "../sharing/share.ts";
import { taskFor } from "../tasks/index.ts";
import type { Measure } from "../tasks/measure.ts";
import { remarkOn } from "../tasks/remark.ts";
import type { Task } from "../tasks/task.ts";
import type { Agreement } from "../training/agreement.ts";
import { evaluationsOf, type Quality, valuesOf } from "../training/evaluate.ts";
import { ownLabels } from "../training/own-labels.ts";
import { learnedTensors, parametersOf, withParameters } from "../training/parameters.ts";
import type { Hooks } from "./hooks.ts";
import { onTask, type PrepareChoice } from "./prepare-task.ts";

/** A network of which many weights have one value. */
export interface ShareResult {
  /** With the shared values written out, in the form in which the network came. */
  readonly model: Model;
  /** The codes and codebook of each tensor that was shared. */
  readonly sharing: Sharing;
  /** What became of each of them. */
  readonly layers: readonly SharedRow[];
  /** Whether the data had labels, or the network's own outputs took their place; where there was data. */
  readonly labels?: "given" | "own";
  /** By what the networks were judged, where there was data. */
  readonly measure?: Measure;
  /** How well the network did as it came, where there was data. */
  readonly baseline?: Quality;
  /** How well it does once the shared values were trained, where there was data. */
  readonly shared?: Quality;
  /** The measure on the validation split right after sharing; where the values were trained. */
  readonly untrained?: number;
  /** With the network as it came, on the validation split; of sharing without labels. */
  readonly agreement?: Agreement;
}

/** How a network was shared, in the form in which it is trained. */
export interface SharedForm extends Pick<ShareResult, "model" | "sharing" | "untrained" | "agreement"> {}

/**
 * Shares a network in the form in which it is trained on data, and measures both.
 * @param prepare finds the task; default: by what the data has, else imitation
 */
export async function shareOn(
  engine: Engine,
  source: Model,
  given: Dataset,
  choice: PrepareChoice,
  hooks: Hooks,
  share: (model: Model, data: Dataset, task: Task, imitates: boolean) => Promise<SharedForm>,
  prepare: typeof onTask = onTask,
): Promise<ShareResult> {
  return prepare(engine, source, given, choice, hooks, async ({ adopted, task: wanted, data: own, imitation }) => {
    const { model, restore, rounded } = adopted;
    const labelled = own.targets.length > 0;
    const data = labelled ? own : await ownLabels(engine, model, own);
    const task = labelled ? wanted : taskFor(data, choice);
    const shared = await share(model, data, task, imitation !== undefined);
    const parameters = parametersOf(shared.model, learnedTensors(shared.model));
    const before = await evaluationsOf(engine, model, data, task, hooks.signal);
    const after = await evaluationsOf(engine, withParameters(model, rounded(parameters)), data, task, hooks.signal);
    const remark = remarkOn(task.measure, before.test, after.test, choice.maxLoss);
    if (remark) hooks.onProgress?.({ kind: "note", text: remark });
    return {
      ...shared,
      model: restore(parameters),
      layers: rowsOf(model, shared.sharing),
      labels: imitation || !labelled ? "own" : "given",
      measure: task.measure,
      baseline: valuesOf(before),
      shared: valuesOf(after),
    };
  });
}

export const NOTHING_SHARED = "Nothing can be shared within the loss of accuracy: the weights stay as they are.";
