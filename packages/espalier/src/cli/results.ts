import { join } from "node:path";
import { encodeFile } from "../coding/encode.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { type Hooks, workOf } from "../library/hooks.ts";
import type { PruneResult } from "../library/prune.ts";
import type { Shrinkage } from "../library/prune-by-units.ts";
import { pruneReport } from "../library/report.ts";
import { writeModel } from "../onnx/write.ts";
import { about } from "../tasks/measure.ts";
import { inFields } from "../tasks/words.ts";
import { writeFile } from "./files.ts";
import { changeText, count, duration, layerTableText, printLine, rate } from "./print.ts";
import { shrunkLines } from "./units-text.ts";

/** What `demo` and `prune` tell. Sizes are bytes. */
export interface PruningSummary
  extends Pick<
      PruneResult,
      "parameters" | "nonzero" | "compressionRate" | "measure" | "baseline" | "pruned" | "layers" | "seconds"
    >,
    Partial<Shrinkage> {
  readonly network: string;
  readonly files: { readonly onnx: string; readonly report: string; readonly esp: string };
}

/** The names of the pruned model in the folder of a run, as it is and coded. */
export const PRUNED = "pruned.onnx";
const CODED = "pruned.esp";
/** The state of a run that was stopped, beside them. */
export const CHECKPOINT = "checkpoint.onnx";
/** The layers that are done, of a scan that was stopped, in its folder. */
export const SCANNED = "scan.partial.json";
/** What a run measured of times, beside them. */
export const TIMES = "times.json";
/** All that is written into the folder of a run under a name of its own. */
export const RESULTS: readonly string[] = [PRUNED, CODED, CHECKPOINT, TIMES];

/**
 * Writes pruned.onnx, pruned.esp and report.html into a folder.
 * @throws the signal's reason when it ends the work, with the report not written
 */
export async function writeResults(
  engine: Engine,
  data: Dataset,
  result: PruneResult & Partial<Shrinkage>,
  { network, title, command }: { readonly network: string; readonly title: string; readonly command: string },
  out: string,
  hooks: Pick<Hooks, "signal" | "onProgress">,
): Promise<PruningSummary> {
  const files = { onnx: join(out, PRUNED), report: join(out, "report.html"), esp: join(out, CODED) };
  const contents = writeModel(result.model);
  writeFile(files.onnx, contents);
  workOf(hooks)("Coding the network", 0);
  const coded = encodeFile(contents);
  writeFile(files.esp, coded);
  const sizes = [
    { name: PRUNED, bytes: contents.length },
    { name: CODED, bytes: coded.length },
  ];
  writeFile(files.report, await pruneReport(engine, data, result, { title, command, files: sizes, ...hooks }));
  const { parameters, nonzero, compressionRate, measure, baseline, pruned, layers, seconds } = result;
  const { units, macs, speed } = result;
  const judged = { measure, baseline, pruned };
  return { network, parameters, nonzero, compressionRate, ...judged, layers, units, macs, speed, files, seconds };
}

/** A summary as the one JSON object of a command. */
export function summaryFields({ measure, baseline, pruned, ...summary }: PruningSummary): object {
  return {
    ...summary,
    measure: about(measure),
    baseline: inFields(measure, { ...baseline }),
    pruned: inFields(measure, { ...pruned }),
  };
}

/** Prints a summary for a person. */
export function printSummary({
  layers,
  measure,
  baseline,
  pruned,
  parameters,
  nonzero,
  compressionRate,
  files,
  seconds,
  ...shrunk
}: PruningSummary): void {
  printLine(layerTableText(layers));
  for (const text of shrunkLines(shrunk)) printLine(text);
  printLine(`parameters        ${count(parameters)} -> ${count(nonzero)} (${rate(compressionRate)})`);
  printLine(changeText("validation", measure, baseline.validation, pruned.validation));
  printLine(changeText("test", measure, baseline.test, pruned.test));
  printLine(`${files.onnx}, ${files.esp} and ${files.report}, in ${duration(seconds)}`);
}
