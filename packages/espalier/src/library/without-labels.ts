import type { Adopted } from "../adoption/adopt.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { PruningTrial } from "../pruning/reconstruction/search.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import type { Measure } from "../tasks/measure.ts";
import { remarkOn } from "../tasks/remark.ts";
import type { Task } from "../tasks/task.ts";
import type { Agreement } from "../training/agreement.ts";
import { Evaluator, evaluationsOf, type Quality, valuesOf } from "../training/evaluate.ts";
import { likenessOn } from "../training/likeness.ts";
import { type Parameters, parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { countParameters, type ParameterCounts } from "./network.ts";
import { onScores, type PrepareChoice } from "./prepare-task.ts";

/** A network that was pruned without labels. */
export interface PruneWithoutLabelsResult extends ParameterCounts {
  /** The pruned network, in the form in which the whole one came. */
  readonly model: Model;
  /** All parameters / those that are not zero. */
  readonly compressionRate: number;
  /** By what the networks were judged; null where the data has no labels. */
  readonly measure: Measure | null;
  /** How well the network did as it came; null where the data has no labels. */
  readonly baseline: Quality | null;
  /** How well the pruned network does; null where the data has no labels. */
  readonly pruned: Quality | null;
  /** How far its outputs are those of the network as it came. */
  readonly agreement: { readonly validation: Agreement; readonly test: Agreement };
  /** The paper's table of the pruned network. */
  readonly layers: readonly LayerRow[];
  /** The networks that were tried, in order. */
  readonly trials: readonly PruningTrial[];
  /** From start to end. */
  readonly seconds: number;
}

/** What finds the parameters of a pruned network. */
export interface Pruning {
  readonly adopted: Adopted;
  /** The samples, which have outputs for targets where the network imitates itself. */
  readonly data: Dataset;
  /** The task of imitation, where it does. */
  readonly imitation?: Task;
  /** Is told of each network that is tried. */
  readonly onTrial: (trial: PruningTrial, parameters: Parameters) => Promise<void>;
}

/** What was found; without parameters, no network that was good enough. */
export interface Found {
  readonly parameters?: Parameters;
  readonly trials: readonly PruningTrial[];
}

export interface JudgedHooks extends Hooks {
  readonly onBest?: (model: Model) => void | Promise<void>;
}

/** Prunes a network without labels, and tells how far it is from the one that came. */
export async function judged(
  engine: Engine,
  source: Model,
  samples: Dataset,
  choice: PrepareChoice,
  { onBest, ...hooks }: JudgedHooks,
  prune: (pruning: Pruning) => Promise<Found>,
): Promise<PruneWithoutLabelsResult & { readonly networks: { readonly dense: Model; readonly pruned: Model } }> {
  const startedAt = performance.now();
  return onScores(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model, restore, rounded } = adopted;
    let smallest = 1;
    const { parameters, trials } = await prune({
      adopted,
      data,
      imitation: imitation && task,
      async onTrial(trial, parameters) {
        hooks.onProgress?.({ kind: "pruning", trial });
        if (!trial.accepted || trial.rate <= smallest) return;
        smallest = trial.rate;
        await onBest?.(restore(parameters));
      },
    });
    if (!parameters) {
      const text = "No smaller network within the loss of accuracy was found: the result is the model as it came.";
      hooks.onProgress?.({ kind: "note", text });
    }
    const pruned = parameters ? withParameters(model, rounded(parameters)) : model;
    workOf(hooks)("Comparing with the network as it came", 0);
    const labelled = data.targets.length > 0;
    const counts = countParameters(pruned);
    const { signal } = hooks;
    const before = labelled ? await evaluationsOf(engine, model, data, task, signal) : undefined;
    const after = labelled ? await evaluationsOf(engine, pruned, data, task, signal) : undefined;
    const remark = before && after && remarkOn(task.measure, before.test, after.test, choice.maxLoss);
    if (remark) hooks.onProgress?.({ kind: "note", text: remark });
    return {
      model: parameters ? restore(parameters) : source,
      ...counts,
      compressionRate: counts.parameters / counts.nonzero,
      measure: labelled ? task.measure : null,
      baseline: before ? valuesOf(before) : null,
      pruned: after ? valuesOf(after) : null,
      agreement: await agreementOf(engine, data, { model, pruned }, imitation && task, signal),
      layers: await layerTable(engine, pruned, data, signal),
      trials,
      networks: { dense: model, pruned },
      seconds: (performance.now() - startedAt) / 1000,
    };
  });
}

async function agreementOf(
  engine: Engine,
  data: Dataset,
  { model, pruned }: { readonly model: Model; readonly pruned: Model },
  task: Task | undefined,
  signal: AbortSignal | undefined,
) {
  const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model), { task });
  try {
    const [validation, test] = [
      await likenessOn(evaluator, data.validation, task, signal),
      await likenessOn(evaluator, data.test, task, signal),
    ];
    evaluator.load(parametersOf(pruned, trainableParameters(model)));
    return { validation: await validation(), test: await test() };
  } finally {
    await evaluator.release();
  }
}
