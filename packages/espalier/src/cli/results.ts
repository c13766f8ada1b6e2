import { join } from "node:path";
import { encodeFile } from "../coding/encode.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import type { RoundResult } from "../pruning/round.ts";
import { scan } from "../pruning/sensitivity.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import { histogramsOf, maskPicture } from "../report/pictures.ts";
import { renderReport } from "../report/render.ts";
import type { RunReport } from "../report/run-report.ts";
import { type Errors, errorsOf } from "../training/evaluate.ts";
import { writeFile } from "./files.ts";
import { countParameters } from "./model.ts";
import { count, duration, layerTableText, percent, printLine, rate } from "./print.ts";

/** What a run of pruning leaves: both networks and how it went. */
export interface PruningRun {
  readonly network: string;
  readonly title: string;
  readonly command: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly dense: Model;
  readonly pruned: Model;
  /** The pruned network in the form in which it is written; default: as it is. */
  readonly file?: Model;
  readonly results: readonly RoundResult[];
  readonly startedAt: number;
}

/** The one JSON object of `demo` and `prune`. Errors are percent, sizes bytes. */
export interface PruningSummary {
  readonly network: string;
  readonly parameters: number;
  readonly nonzero: number;
  readonly compressionRate: number;
  readonly baseline: Errors;
  readonly pruned: Errors;
  readonly layers: readonly LayerRow[];
  readonly files: { readonly onnx: string; readonly report: string; readonly esp: string };
  readonly seconds: number;
}

/** The names of the pruned model in the folder of a run, as it is and coded. */
export const PRUNED = "pruned.onnx";
const CODED = "pruned.esp";

/** Measures both networks, the test set once each, and writes pruned.onnx, pruned.esp and report.html into a folder. */
export async function writeResults(
  engine: Engine,
  data: Dataset,
  run: PruningRun,
  out: string,
): Promise<PruningSummary> {
  const { network, dense, pruned, results, startedAt } = run;
  const baseline = await errorsOf(engine, dense, data);
  const after = await errorsOf(engine, pruned, data);
  const layers = await layerTable(engine, pruned, data.validation);
  const { parameters, nonzero } = countParameters(pruned);
  const onnx = join(out, PRUNED);
  const contents = writeModel(run.file ?? pruned);
  writeFile(onnx, contents);
  const esp = join(out, CODED);
  const coded = encodeFile(contents);
  writeFile(esp, coded);

  const seconds = (performance.now() - startedAt) / 1000;
  const report: RunReport = {
    title: run.title,
    command: run.command,
    settings: run.settings,
    parameters,
    nonzero,
    compressionRate: parameters / nonzero,
    seconds,
    baseline,
    pruned: after,
    layers,
    sensitivity: await sensitivityOf(engine, dense, data),
    rounds: roundPoints(results),
    epochs: results.flatMap(({ name, density, epochs }) => epochs.map((epoch) => ({ round: name, density, ...epoch }))),
    histograms: histogramsOf(dense, pruned),
    mask: maskPicture(pruned, data.sampleShape),
    files: [
      { name: PRUNED, bytes: contents.length },
      { name: CODED, bytes: coded.length },
    ],
  };
  const html = join(out, "report.html");
  writeFile(html, renderReport(report));
  return {
    network,
    parameters,
    nonzero,
    compressionRate: parameters / nonzero,
    baseline,
    pruned: after,
    layers,
    files: { onnx, report: html, esp },
    seconds,
  };
}

const DENSITIES = [1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05];
/** Beyond this error a curve says no more than that the layer is needed. */
const SHOWN_ERROR = 25;

async function sensitivityOf(engine: Engine, dense: Model, data: Dataset): Promise<RunReport["sensitivity"]> {
  const { layers } = await scan(engine, dense, data, { densities: DENSITIES });
  return layers.flatMap(({ name, points }) =>
    points
      .filter(({ error, density }) => density === 1 || error <= SHOWN_ERROR)
      .map(({ density, error }) => ({ layer: name, density, error })),
  );
}

/** The rounds that pruned; the last that was the best is the one that was chosen. */
function roundPoints(results: readonly RoundResult[]): RunReport["rounds"] {
  const pruned = results.filter(({ name }) => name !== "train");
  const chosen = pruned.findLast(({ verdict }) => verdict.best);
  return pruned.map((result) => ({
    rate: 1 / result.density,
    error: result.validationError,
    verdict: result === chosen ? "chosen" : result.verdict.accepted ? "within" : "rejected",
  }));
}

/** Prints a summary for a person. */
export function printSummary({
  layers,
  baseline,
  pruned,
  parameters,
  nonzero,
  compressionRate,
  files,
  seconds,
}: PruningSummary): void {
  printLine(layerTableText(layers));
  printLine(`parameters        ${count(parameters)} -> ${count(nonzero)} (${rate(compressionRate)})`);
  printLine(`validation error  ${percent(baseline.validationError)} -> ${percent(pruned.validationError)}`);
  printLine(`test error        ${percent(baseline.testError)} -> ${percent(pruned.testError)}`);
  printLine(`${files.onnx}, ${files.esp} and ${files.report}, in ${duration(seconds)}`);
}
