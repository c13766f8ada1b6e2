import type { Adopted } from "../adoption/adopt.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { Round, RoundResult } from "../pruning/round.ts";
import type { RoundPlanner } from "../pruning/rounds.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import type { Measure } from "../tasks/measure.ts";
import { remarkOn } from "../tasks/remark.ts";
import type { Task } from "../tasks/task.ts";
import { evaluationsOf, type Quality, valuesOf } from "../training/evaluate.ts";
import { withParameters } from "../training/parameters.ts";
import type { Hooks, RunHooks } from "./hooks.ts";
import { localSgdOf, settingsOf } from "./local-sgd.ts";
import { countParameters, frozenParameters, type ParameterCounts } from "./network.ts";
import type { Values } from "./options/option.ts";
import type { retrainingOptions } from "./options/pruning.ts";
import type { PreparedTask } from "./prepare-task.ts";
import { runResumable } from "./rounds.ts";
import { distillationOf, hotDefaults, imitationDefaults, retrainingDefaults, trainingOf } from "./training.ts";

export interface PruneHooks extends RunHooks {
  /** Is given each network that is better than all before: in the end the last of them is the result. */
  readonly onBest?: (model: Model) => void | Promise<void>;
}

/** A pruned network: by the measure, the test split read once for each network. */
export interface PruneResult extends ParameterCounts {
  /** The pruned network, in the form in which the dense one came. */
  readonly model: Model;
  /** All parameters / those that are not zero. */
  readonly compressionRate: number;
  /** What the network is for. */
  readonly task: Task;
  /** By what rounds and the result were judged. */
  readonly measure: Measure;
  /** How well the network did as it came. */
  readonly baseline: Quality;
  /** How well the pruned network does. */
  readonly pruned: Quality;
  /** The paper's table of the pruned network. */
  readonly layers: readonly LayerRow[];
  /** What each round left, and how well it did. */
  readonly rounds: readonly RoundResult[];
  /** What was chosen, as plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Both networks in the form in which they were evaluated. */
  readonly networks: { readonly dense: Model; readonly pruned: Model };
  /** What the outputs are, where the network imitated itself. */
  readonly imitated?: Pick<Adopted, "heads" | "samples">;
  /** From start to end. */
  readonly seconds: number;
}

/** What rounds of pruning need to know. */
export interface PruningRun {
  readonly task: Task;
  readonly adopted: Adopted;
  /** Given where the network imitates itself. */
  readonly imitation?: PreparedTask["imitation"];
  readonly options: Values<typeof retrainingOptions>;
  /** What was asked for, as plain data. */
  readonly intent: object;
  /** What the measure may lose, where that was asked for. */
  readonly maxLoss?: number;
  /** Whether to retrain as hot as a search does, and for so many epochs unless the options say so. */
  readonly hot: boolean;
  readonly epochs: number;
  /** Makes the rounds, or what decides on them, once it is known how to retrain and what is frozen. */
  plan(retrain: Omit<Round, "name" | "prune">, frozen: ReadonlySet<string>): Promise<readonly Round[] | RoundPlanner>;
  readonly startedAt: number;
}

/** Runs rounds of pruning, and measures what they leave. */
export async function runPruning(
  engine: Engine,
  data: Dataset,
  run: PruningRun,
  { onBest, ...hooks }: PruneHooks,
): Promise<PruneResult> {
  const { adopted, options, task, imitation } = run;
  const { model } = adopted;
  const usual = run.hot ? hotDefaults(model) : retrainingDefaults(model);
  const training = trainingOf(options, model, data.train.size, imitation ? imitationDefaults(imitation.batch) : usual);
  const epochs = options.epochs ?? run.epochs;
  const frozen = frozenParameters(model, options.freeze);
  const { inputDropout, distill } = options;
  const { batch } = training.run;
  const { optimizer } = training.round;
  const local = await localSgdOf(engine, { model, data, batch, optimizer, frozen }, options, hooks);
  const plan = await run.plan({ epochs, inputDropout, ...training.round }, frozen);
  const settings = { ...run.intent, epochs, inputDropout, distill, ...training.settings, ...settingsOf(local) };
  const { best, results } = await runResumable(engine, model, data, plan, {
    ...hooks,
    ...training.run,
    task,
    frozen,
    distillation: distillationOf(distill, model, task),
    local,
    settings: { ...hooks.identity, ...settings },
    async onRound({ verdict }, parameters) {
      if (verdict.best) await onBest?.(adopted.restore(parameters));
    },
  });
  if (!results.some(({ verdict }) => verdict.best)) {
    const text = "No smaller network within the loss of accuracy was found: the result is the model as it came.";
    hooks.onProgress?.({ kind: "note", text });
  }
  const pruned = withParameters(model, adopted.rounded(best));
  const networks = { dense: model, pruned };
  const measured = await measurePruning(engine, data, networks, task, hooks, run.maxLoss);
  const seconds = (performance.now() - run.startedAt) / 1000;
  const imitated = imitation && { heads: adopted.heads, samples: adopted.samples };
  return { model: adopted.restore(best), ...measured, rounds: results, settings, networks, imitated, seconds };
}

/**
 * Measures a network before and after it was pruned: how well it does, the per-layer table and what is left.
 * @param maxLoss what the measure may lose
 */
export async function measurePruning(
  engine: Engine,
  data: Dataset,
  { dense, pruned }: PruneResult["networks"],
  task: Task,
  { signal, onProgress }: Hooks,
  maxLoss?: number,
): Promise<
  Pick<
    PruneResult,
    "parameters" | "nonzero" | "compressionRate" | "task" | "measure" | "baseline" | "pruned" | "layers"
  >
> {
  const counts = countParameters(pruned);
  const before = await evaluationsOf(engine, dense, data, task, signal);
  const after = await evaluationsOf(engine, pruned, data, task, signal);
  const remark = remarkOn(task.measure, before.test, after.test, maxLoss);
  if (remark) onProgress?.({ kind: "note", text: remark });
  return {
    ...counts,
    compressionRate: counts.parameters / counts.nonzero,
    task,
    measure: task.measure,
    baseline: valuesOf(before),
    pruned: valuesOf(after),
    layers: await layerTable(engine, pruned, data, signal),
  };
}
