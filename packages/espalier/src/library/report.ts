import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { RoundResult } from "../pruning/round.ts";
import { scanWork } from "../pruning/scan-cost.ts";
import { scanLayers } from "../pruning/sensitivity.ts";
import { asked } from "../report/asked.ts";
import { histogramsOf, maskPicture } from "../report/pictures.ts";
import { renderReport } from "../report/render.ts";
import type { RunReport } from "../report/run-report.ts";
import { renderUnlabeled } from "../report/unlabeled.ts";
import { imitationOf } from "../training/imitation.ts";
import { type Hooks, workOf } from "./hooks.ts";
import type { PruneResult } from "./prune.ts";
import type { Shrinkage } from "./prune-by-units.ts";
import type { PruneWithoutLabelsResult } from "./without-labels.ts";

/** What a report says of a run beside its result. */
export interface ReportOptions {
  /** The heading of the page. */
  readonly title: string;
  /** What was asked, as the command that was given, or a call. */
  readonly command: string;
  /** The files that the run wrote. */
  readonly files?: RunReport["files"];
}

/** How a report is made for which a network is run. */
export interface PruneReportOptions extends ReportOptions, Pick<Hooks, "signal" | "onProgress"> {}

/**
 * Reports a pruning as one HTML page that needs nothing else: what is left of each layer, sensitivities, the rounds,
 * weights before and after. The dense network's sensitivity is measured for it, unless that takes longer than the
 * pruning did.
 * @throws the signal's reason when it ends the work
 */
export async function pruneReport(
  engine: Engine,
  data: Dataset,
  result: PruneResult & Partial<Shrinkage>,
  { title, command, files = [], ...hooks }: PruneReportOptions,
): Promise<string> {
  const { networks, rounds, settings, model, task, imitated, ...measured } = result;
  // The targets that the run had were of the network as it came.
  const own = imitated && (await imitationOf(engine, { model: networks.dense, ...imitated }, data));
  try {
    return renderReport({
      ...measured,
      title,
      command,
      settings: asked(settings, task.measure),
      sensitivity: await sensitivityOf(engine, networks.dense, own?.data ?? data, { task, rounds }, hooks),
      rounds: roundPoints(rounds),
      epochs: rounds.flatMap(({ name, density, epochs }) =>
        epochs.map((epoch) => ({ round: name, density, ...epoch })),
      ),
      histograms: histogramsOf(networks.dense, networks.pruned),
      mask: maskPicture(networks.pruned, data.inputs[0].shape),
      files,
    });
  } finally {
    await own?.release();
  }
}

/** Reports a pruning without labels as one HTML page: what is left of each layer, and what was tried. */
export function pruneWithoutLabelsReport(
  result: PruneWithoutLabelsResult & Partial<Shrinkage>,
  { title, command }: ReportOptions,
): string {
  const { measure, baseline, pruned } = result;
  const judged = measure && baseline && pruned ? { measure, baseline: baseline.test, pruned: pruned.test } : undefined;
  return renderUnlabeled({ ...result, network: title, command, judged });
}

const DENSITIES = [1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05];
/** Beyond this error, percent, a curve says no more than that the layer is needed. */
const SHOWN_ERROR = 25;

/** MACs that a scan for a report may always take: less than a minute. */
const LITTLE = 2 ** 37;
/** Forward passes that a step of training is about as long as. */
const STEP_PASSES = 3;

/** @returns undefined where it takes longer to measure than the rounds took */
async function sensitivityOf(
  engine: Engine,
  dense: Model,
  data: Dataset,
  { task, rounds }: Pick<PruneResult, "task" | "rounds">,
  { signal, ...hooks }: Pick<Hooks, "signal" | "onProgress">,
): Promise<RunReport["sensitivity"]> {
  const scanned = { densities: DENSITIES };
  const { macs, forward } = await scanWork(engine, dense, scanned, data.validation);
  const epochs = rounds.reduce((sum, round) => sum + round.epochs.length, 0);
  const most = Math.max(LITTLE, STEP_PASSES * forward * data.train.size * epochs);
  if (macs * data.validation.size > most) return undefined;
  const { layers, aborted } = await scanLayers(engine, dense, data, {
    task,
    signal,
    onWork: workOf(hooks),
    ...scanned,
  });
  if (aborted) throw signal?.reason;
  return layers.flatMap(({ name, points }) =>
    points
      .filter(({ value, density }) => density === 1 || task.measure.name !== "error" || value <= SHOWN_ERROR)
      .map(({ density, value }) => ({ layer: name, density, value })),
  );
}

/** The rounds that pruned; the last that was the best is the one that was chosen. */
function roundPoints(results: readonly RoundResult[]): RunReport["rounds"] {
  const pruned = results.filter(({ name }) => name !== "train");
  const chosen = pruned.findLast(({ verdict }) => verdict.best);
  return pruned.map((result) => ({
    rate: 1 / result.density,
    value: result.validation,
    verdict: result === chosen ? "chosen" : result.verdict.accepted ? "within" : "rejected",
  }));
}
