import { join } from "node:path";
import { Command, Option } from "commander";
import { writeModel } from "../onnx/write.ts";
import { criteria } from "../pruning/criteria/index.ts";
import { withParameters } from "../training/parameters.ts";
import { type DataFlags, dataSettings, openData, withData } from "./data-options.ts";
import { checkWritable, writeFile } from "./files.ts";
import { openModel, openNetwork } from "./model.ts";
import { type EngineFlags, engineOf, number, perLayer, whole, withEngine } from "./options.ts";
import { note, printJson } from "./print.ts";
import { asOptions, intentOf, type PruneFlags, planOf, settingsOf } from "./prune-plan.ts";
import { pruneWithoutLabels } from "./prune-unlabeled.ts";
import { PRUNED, printSummary, writeResults } from "./results.ts";
import { finishRun, runCommand } from "./run.ts";
import {
  frozenParameters,
  hotDefaults,
  retrainingDefaults,
  type TrainingFlags,
  trainingOf,
  withTraining,
} from "./training-options.ts";

interface Flags extends EngineFlags, DataFlags, TrainingFlags, PruneFlags {
  out: string;
  inputDropout: number;
  unlabeled?: boolean;
}

const EPOCHS = 8;
const SEARCH_EPOCHS = 12;

/** `espalier prune`: prunes and retrains a model in rounds. */
export const pruneCommand = withEngine(
  withTraining(
    withData(
      new Command("prune")
        .summary("prune and retrain an .onnx model")
        .description(
          "Prunes a trained model in rounds and retrains what is left, then writes pruned.onnx and a report.",
        )
        .argument("<model>", "an .onnx or .esp file"),
    )
      .requiredOption("--out <dir>", "where to write")
      .option(
        "--max-loss <points>",
        "look for the smallest network whose validation error is at most so much above the model's",
        number("loss of accuracy", 0, 100),
      )
      .option("--rate <x>", "prune until all parameters / kept ones is this", number("rate", 1))
      .option("--density <list>", "density of layers, LAYER=DENSITY,... by name or glob", perLayer)
      .option(
        "--quality <list>",
        "quality parameter s of layers, LAYER=S,...: threshold = s * standard deviation",
        perLayer,
      )
      .option("--unlabeled", "without labels and without training: fit what is left of each layer to what it computed")
      .option("--mask-of <model>", "cut what is zero in another .onnx file of the same network")
      .addOption(
        new Option("--criterion <name>", "what tells which connections to keep (default: magnitude)").choices([
          ...criteria.keys(),
        ]),
      )
      .option("--rounds <n>", "rounds of pruning and retraining (default: 3)", whole("number of rounds", 1, 1000))
      .option("--gradual", "prune little by little while retraining, by a cubic schedule")
      .option("--in-turn <groups...>", "prune and retrain groups of layers one after the other, the others frozen")
      .option("--splicing", "gradual, and connections that were cut may come back")
      .option(
        "--input-dropout <ratio>",
        "drop so many of the inputs while retraining; the ratio falls with the connections that read them",
        number("ratio", 0, 0.95),
        0,
      )
      .addOption(
        new Option("--epochs <n>", "epochs of retraining in each round (default: 8, of a search 12)").argParser(
          whole("number of epochs", 1),
        ),
      ),
  ),
)
  .addHelpText(
    "after",
    '\nExamples:\n  espalier prune dense.onnx --data mnist --out pruned --max-loss 0\n  espalier prune dense.onnx --data mnist --out pruned --rate 50\n  espalier prune squeezenet.onnx --data images:photographs --out pruned --unlabeled --max-loss 1\n  espalier prune dense.onnx --data mnist --out pruned --density "fc1=0.08,fc2=0.09,fc3=0.26" --rounds 3\n  espalier prune dense.onnx --data mnist --out pruned --quality "conv*=0.5,fc*=1.5" --freeze "conv*"',
  )
  .action(async (path: string, flags: Flags, command: Command) => {
    if (flags.unlabeled) return pruneWithoutLabels(path, flags, command);
    const startedAt = performance.now();
    const opened = openModel(path);
    const engine = engineOf(flags);
    const data = await openData(flags, opened.model);
    const network = await openNetwork(opened, engine, data, flags);
    const { model, name, digest, contents } = network;
    const intent = intentOf(flags, model);
    checkWritable(flags.out);
    const searching = intent.kind === "search";
    const training = trainingOf(flags, model, searching ? hotDefaults(model) : retrainingDefaults(model));
    const epochs = flags.epochs ?? (searching ? SEARCH_EPOCHS : EPOCHS);
    const frozen = frozenParameters(model, flags.freeze);
    const { inputDropout } = flags;
    const plan = await planOf(intent, engine, model, data, { epochs, inputDropout, ...training.round }, frozen);
    const checkpoint = join(flags.out, "checkpoint.onnx");
    const best = join(flags.out, PRUNED);
    const settings = { ...settingsOf(intent), epochs, inputDropout, ...training.settings };
    if (!flags.resume) writeFile(best, contents);
    const result = await runCommand(engine, model, data, plan, {
      ...training.run,
      frozen,
      checkpoint,
      resume: flags.resume === true,
      settings: { command: "prune", model: digest, ...dataSettings(flags), ...settings },
      onRound: ({ verdict }, parameters) => {
        if (verdict.best) writeFile(best, writeModel(network.restore(parameters)));
      },
    });
    if (!result.results.some(({ verdict }) => verdict.best)) {
      note("No smaller network within the loss of accuracy was found: the result is the model as it came.");
    }
    const summary = await writeResults(
      engine,
      data,
      {
        network: name,
        title: `${name} on ${data.name}`,
        command: `espalier prune ${path} --data ${flags.data}${asOptions(intent)}`,
        settings: Object.entries(settings).flatMap(([key, value]) =>
          value === undefined ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)] as const],
        ),
        dense: model,
        pruned: withParameters(model, network.rounded(result.best)),
        file: network.restore(result.best),
        results: result.results,
        startedAt,
      },
      flags.out,
    );
    finishRun(checkpoint);
    if (flags.json) printJson(summary);
    else printSummary(summary);
  });
