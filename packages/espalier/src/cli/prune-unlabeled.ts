import { join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import { pruneUnitsUnlabeledOptions, pruneUnlabeledOptions } from "../library/options/pruning.ts";
import { taskOptions } from "../library/options/task.ts";
import type { Shrinkage } from "../library/prune-by-units.ts";
import { pruneUnitsWithoutLabels } from "../library/prune-units-without-labels.ts";
import { pruneWithoutLabels } from "../library/prune-without-labels.ts";
import { pruneWithoutLabelsReport } from "../library/report.ts";
import type { PruneWithoutLabelsResult } from "../library/without-labels.ts";
import type { Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { about } from "../tasks/measure.ts";
import { inFields } from "../tasks/words.ts";
import { only } from "./command.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import type { OpenedModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { agreementText, changeText, count, duration, layerTableText, printJson, printLine, rate } from "./print.ts";
import type { PruneCall } from "./prune.ts";
import { PRUNED } from "./results.ts";
import { runtimeFor, timesIn } from "./runtime-for.ts";
import { shrunkLines } from "./units-text.ts";

/** `espalier prune --unlabeled`: prunes and fits layer by layer, and writes what comes out. */
export async function pruneUnlabeledFiles(
  { options, line }: PruneCall,
  { model, name, contents }: OpenedModel,
  data: Dataset,
): Promise<void> {
  const files = { onnx: join(options.out, PRUNED), report: join(options.out, "report.html") };
  let found = false;
  const result = await running(
    async (hooks): Promise<PruneWithoutLabelsResult & Partial<Shrinkage>> => {
      const run = {
        ...hooks,
        onBest(best: Model) {
          writeFile(files.onnx, writeModel(best));
          found = true;
        },
      };
      const engine = engineOf(options);
      if (options.units) {
        return pruneUnitsWithoutLabels(engine, model, data, {
          ...only(z.object({ ...taskOptions, ...pruneUnitsUnlabeledOptions }), options),
          ...run,
          on: await runtimeFor(options.on ?? "node"),
          times: timesIn(options.out),
        });
      }
      return pruneWithoutLabels(engine, model, data, {
        ...only(z.object({ ...taskOptions, ...pruneUnlabeledOptions }), options),
        ...run,
      });
    },
    () => `Stopped; ${found ? `the smallest network so far is ${files.onnx}` : "nothing was written"}.`,
  );
  if (!found) writeFile(files.onnx, contents);
  const { parameters, nonzero, compressionRate, measure, baseline, pruned, agreement, layers, trials, seconds } =
    result;
  const { units, macs, speed } = result;
  writeFile(files.report, pruneWithoutLabelsReport(result, { title: name, command: line }));
  if (options.json) {
    const counts = { network: name, parameters, nonzero, compressionRate };
    const judged = {
      measure: measure && about(measure),
      baseline: measure && baseline && inFields(measure, { ...baseline }),
      pruned: measure && pruned && inFields(measure, { ...pruned }),
    };
    return printJson({ ...counts, ...judged, agreement, layers, units, macs, speed, trials, files, seconds });
  }
  printLine(layerTableText(layers));
  for (const text of shrunkLines(result)) printLine(text);
  printLine(`parameters        ${count(parameters)} -> ${count(nonzero)} (${rate(compressionRate)})`);
  if (measure && baseline && pruned) printLine(changeText("test", measure, baseline.test, pruned.test));
  printLine(agreementText(agreement.test, "test"));
  printLine(`${files.onnx} and ${files.report}, in ${duration(seconds)}`);
}
