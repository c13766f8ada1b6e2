import { join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import { temporaryFile } from "../data/file-store.ts";
import { UserError } from "../errors.ts";
import { json, out, resume } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import type { Shape } from "../library/options/option.ts";
import {
  courseOptions,
  pruneModes,
  prunePlanOptions,
  pruneSearchOptions,
  pruneUnitsOptions,
  pruneUnitsUnlabeledOptions,
  pruneUnlabeledOptions,
  targetOptions,
  unitOptions,
} from "../library/options/pruning.ts";
import { shardPlaceOptions } from "../library/options/shards.ts";
import { taskOptions } from "../library/options/task.ts";
import type { PruneHooks, PruneResult } from "../library/prune.ts";
import { pruneByPlan } from "../library/prune-by-plan.ts";
import { pruneBySearch } from "../library/prune-by-search.ts";
import { pruneByUnits, type Shrinkage } from "../library/prune-by-units.ts";
import { writeModel } from "../onnx/write.ts";
import { IMITATE } from "../tasks/index.ts";
import { checkpointFile, stoppedIn } from "./checkpoint.ts";
import { claimFolder } from "./claims.ts";
import { type Call, defineCommand, flags, only, refuseOthers } from "./command.ts";
import { dataFiles, openData } from "./data.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { type OpenedModel, openFixed, openModel } from "./model.ts";
import { shardEngineOf, withShards } from "./options.ts";
import { printJson } from "./print.ts";
import { pruneUnlabeledFiles } from "./prune-unlabeled.ts";
import { CHECKPOINT, PRUNED, printSummary, RESULTS, summaryFields, writeResults } from "./results.ts";
import { onOption, runtimeFor, timesIn } from "./runtime-for.ts";

/** What every way of pruning takes. */
const common = { out: out("dir", "where to write"), ...dataOptions, ...modelOptions, json, ...engineOptions };
/** What the removal of units takes besides. */
const speed = { on: onOption };

const options = z.object({
  ...common,
  ...pruneUnitsOptions,
  ...speed,
  ...pruneUnlabeledOptions,
  ...pruneSearchOptions,
  ...prunePlanOptions,
  ...pruneModes,
  ...shardPlaceOptions,
  resume,
});

/** What the command line of prune takes. */
export type PruneFlags = z.input<typeof options>;

export type PruneCall = Call<z.output<typeof options>>;

/** `espalier prune`: prunes and retrains a model in rounds. */
export const pruneCommand = () =>
  defineCommand({
    name: "prune",
    summary: "prune and retrain an .onnx model",
    description:
      "Prunes a trained model in rounds and retrains what is left, then writes pruned.onnx, pruned.esp and a report (with --unlabeled, pruned.onnx and a report).",
    argument: { name: "model", help: "an .onnx or .esp file", reads: "model" },
    options,
    examples: [
      "prune dense.onnx --data mnist --out pruned --max-loss 0",
      "prune dense.onnx --data mnist --out pruned --rate 50",
      "prune squeezenet.onnx --data images:photographs --out pruned --unlabeled --max-loss 1",
      "prune dense.onnx --data mnist --out small --units --speed 2 --max-loss 0.1",
      "prune detector.onnx --data images:pages --out small --units --unlabeled --max-loss 2",
      'prune dense.onnx --data mnist --out pruned --density "fc1=0.08,fc2=0.09,fc3=0.26" --rounds 3',
      'prune dense.onnx --data mnist --out pruned --quality "conv*=0.5,fc*=1.5" --freeze "conv*"',
    ],
    async run(call) {
      const mode = modeOf(call);
      const opened = await openFixed(call.argument, call.options);
      const { out, maskOf } = call.options;
      claimFolder(out, RESULTS, [call.argument, maskOf, ...dataFiles(call.options)]);
      const assume = mode === "unlabeled" || mode === "unlabeled units" || call.options.task === IMITATE;
      const data = await openData(call.options, opened.model, { unlabeled: true, assume });
      if (mode === "unlabeled" || mode === "unlabeled units") return pruneUnlabeledFiles(call, opened, data);
      return pruneFiles(call, mode, opened, data);
    },
  });

const { maxLoss: _loss, rate: _rate, ...ofUnitsAlone } = unitOptions;
const unitsOnly: Shape = { ...ofUnitsAlone, ...speed };

type Mode = "unlabeled" | "unlabeled units" | "units" | "search" | "plan";

/**
 * The way of pruning that options ask for. A rate is searched for, unless they say how to go there.
 * @throws UserError for options that another way takes
 */
function modeOf({ given, options: { units, unlabeled, maxLoss, rate, maskOf, speed: faster } }: PruneCall): Mode {
  const refuse = (taken: Shape, why: string) => refuseOthers(given, { ...common, ...pruneModes, ...taken }, why);
  if (units) {
    const trained = { ...pruneUnitsOptions, ...shardPlaceOptions, resume };
    const why = unlabeled ? "--units --unlabeled trains nothing" : "--units removes whole units by a way of its own";
    refuse({ ...(unlabeled ? pruneUnitsUnlabeledOptions : trained), ...speed }, why);
    if (maskOf !== undefined)
      throw new UserError("--mask-of cuts connections, and --units whole units: leave one out.");
    if (faster === undefined && given.includes("on")) {
      throw new UserError("--on names the runtime of --speed: give that too, or leave it out.");
    }
    return unlabeled ? "unlabeled units" : "units";
  }
  const ofUnits = given.filter((name) => name in unitsOnly);
  if (ofUnits.length > 0) throw new UserError(`${flags(ofUnits)} is about whole units: give --units too.`);
  if (unlabeled) {
    refuse(pruneUnlabeledOptions, "--unlabeled trains nothing and chooses by itself");
    return "unlabeled";
  }
  const others = given.filter((name) => name !== "rate" && (name in targetOptions || name === "maskOf"));
  if (others.length + ((maxLoss ?? rate) === undefined ? 0 : 1) !== 1) {
    throw new UserError(
      "How far to prune is not clear: give --max-loss, --rate (or both), or one of --density, --quality and --mask-of.",
    );
  }
  const course = given.filter((name) => name in courseOptions);
  if (maskOf !== undefined && course.length > 0) {
    throw new UserError(`--mask-of already decides which connections are cut: leave out ${flags(course)}.`);
  }
  if (maxLoss !== undefined)
    refuse({ ...pruneSearchOptions, ...shardPlaceOptions, resume }, "--max-loss searches by itself");
  return (maxLoss ?? rate) !== undefined && course.length === 0 ? "search" : "plan";
}

/** Prunes in rounds, by a plan or a search, and writes what comes out. */
async function pruneFiles(
  { options, computed, line }: PruneCall,
  mode: "units" | "search" | "plan",
  opened: OpenedModel,
  data: Dataset,
): Promise<void> {
  const engine = shardEngineOf(options);
  const masks = options.maskOf === undefined ? undefined : openModel(options.maskOf);
  const checkpoint = checkpointFile(join(options.out, CHECKPOINT), options);
  const best = join(options.out, PRUNED);
  const unitsOf = async (run: PruneHooks) =>
    pruneByUnits(engine, opened.model, data, {
      ...only(z.object({ ...taskOptions, ...pruneUnitsOptions }), options),
      ...run,
      on: await runtimeFor(options.on ?? "node"),
      times: timesIn(options.out),
    });
  const result = await running(
    (hooks) =>
      withShards(options, async (executor): Promise<PruneResult & Partial<Shrinkage>> => {
        const run = {
          ...hooks,
          executor,
          checkpoint,
          resume: options.resume,
          identity: { command: "prune", model: opened.digest, ...computed, maskOf: masks?.digest },
          storage: temporaryFile,
          onBest: (model: Parameters<typeof writeModel>[0]) => writeFile(best, writeModel(model)),
        };
        if (mode === "units") return unitsOf(run);
        return mode === "search"
          ? pruneBySearch(engine, opened.model, data, {
              ...only(z.object({ ...taskOptions, ...pruneSearchOptions }), options),
              ...run,
            })
          : pruneByPlan(engine, opened.model, data, {
              ...only(z.object({ ...taskOptions, ...prunePlanOptions }), options),
              ...run,
              maskOf: masks?.model,
            });
      }),
    () => stoppedIn(checkpoint.name),
  );
  const title = `${opened.name} on ${data.name}`;
  const summary = await running(
    (hooks) => writeResults(engine, data, result, { network: opened.name, title, command: line }, options.out, hooks),
    () => stoppedIn(checkpoint.name),
  );
  checkpoint.remove();
  if (options.json) printJson(summaryFields(summary));
  else printSummary(summary);
}
