import { join } from "node:path";
import { Command, Option } from "commander";
import { openDataset } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import { criteria } from "../pruning/criteria/index.ts";
import { layersOf } from "../pruning/layers.ts";
import { pruningRounds } from "../pruning/recipes.ts";
import { checkTarget, type Target } from "../pruning/target.ts";
import { parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import { checkWritable } from "./files.ts";
import { openModel } from "./model.ts";
import { type EngineFlags, engineOf, number, perLayer, whole, withEngine } from "./options.ts";
import { printJson } from "./print.ts";
import { printSummary, writeResults } from "./results.ts";
import { finishRun, runCommand } from "./run.ts";
import {
  frozenParameters,
  retrainingDefaults,
  type TrainingFlags,
  trainingOf,
  withTraining,
} from "./training-options.ts";

interface Flags extends EngineFlags, TrainingFlags {
  out: string;
  rate?: number;
  density?: [string, number][];
  quality?: [string, number][];
  rounds: number;
  criterion: string;
}

/** `espalier prune`: prunes and retrains a model in rounds. */
export const pruneCommand = withEngine(
  withTraining(
    new Command("prune")
      .summary("prune and retrain an .onnx model")
      .description("Prunes a trained model in rounds and retrains what is left, then writes pruned.onnx and a report.")
      .argument("<model>", "an .onnx file")
      .requiredOption("--data <spec>", "the data: mnist, idx:DIR, npz:FILE, or a module")
      .requiredOption("--out <dir>", "where to write")
      .option("--rate <x>", "prune until all parameters / kept ones is this", number("rate", 1))
      .option("--density <list>", "density of layers, LAYER=DENSITY,... by name or glob", perLayer)
      .option(
        "--quality <list>",
        "quality parameter s of layers, LAYER=S,...: threshold = s * standard deviation",
        perLayer,
      )
      .addOption(
        new Option("--criterion <name>", "what tells which connections to keep")
          .choices([...criteria.keys()])
          .default("magnitude"),
      )
      .option("--rounds <n>", "rounds of pruning and retraining", whole("number of rounds", 1, 1000), 3)
      .addOption(
        new Option("--epochs <n>", "epochs of retraining in each round")
          .argParser(whole("number of epochs", 1))
          .default(8),
      ),
  ),
)
  .addHelpText(
    "after",
    '\nExamples:\n  espalier prune dense.onnx --data mnist --out pruned --rate 12\n  espalier prune dense.onnx --data mnist --out pruned --density "fc1=0.08,fc2=0.09,fc3=0.26" --rounds 3\n  espalier prune dense.onnx --data mnist --out pruned --quality "conv*=0.5,fc*=1.5" --freeze "conv*"',
  )
  .action(async (path: string, flags: Flags) => {
    const startedAt = performance.now();
    const target = targetOf(flags);
    const { model, name, digest } = openModel(path);
    checkTarget(target, layersOf(model), parametersOf(model, trainableParameters(model)));
    checkWritable(flags.out);
    const data = await openDataset(flags.data);
    const training = trainingOf(flags, model, retrainingDefaults(model));
    const retrain = { epochs: flags.epochs ?? 8, ...training.round };
    const rounds = pruningRounds(target, flags.rounds, retrain, flags.criterion);
    const checkpoint = join(flags.out, "checkpoint.onnx");
    const engine = engineOf(flags);
    const { criterion, epochs } = flags;
    const settings = { target, criterion, rounds: flags.rounds, epochs, ...training.settings };
    const result = await runCommand(engine, model, data, rounds, {
      ...training.run,
      frozen: frozenParameters(model, flags.freeze),
      checkpoint,
      resume: flags.resume === true,
      settings: { command: "prune", model: digest, data: flags.data, ...settings },
    });
    const summary = await writeResults(
      engine,
      data,
      {
        network: name,
        title: `${name} on ${data.name}`,
        command: `espalier prune ${path} --data ${flags.data}`,
        settings: Object.entries(settings).map(([key, value]) => [
          key,
          typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
        ]),
        dense: model,
        pruned: withParameters(model, result.start),
        results: result.results,
        startedAt,
      },
      flags.out,
    );
    finishRun(checkpoint);
    if (flags.json) printJson(summary);
    else printSummary(summary);
  });

function targetOf({ rate, density, quality, criterion }: Flags): Target {
  const given: Target[] = [];
  if (rate !== undefined) given.push({ kind: "rate", rate });
  if (density !== undefined) given.push({ kind: "density", layers: density });
  if (quality !== undefined) given.push({ kind: "quality", layers: quality });
  const [target] = given;
  if (given.length !== 1)
    throw new UserError("How far to prune is not clear: give one of --rate, --density and --quality.");
  if (target.kind === "quality" && criterion !== "magnitude")
    throw new UserError(`--quality is for magnitudes: give --density or --rate with --criterion ${criterion}.`);
  return target;
}
