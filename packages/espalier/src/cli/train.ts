import { dirname } from "node:path";
import { Command, Option } from "commander";
import { PREPROCESSING_KEY } from "../data/preprocessing.ts";
import { VOCABULARY_KEY } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import { networks } from "../models/index.ts";
import { emptyModel } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { recipes } from "../pruning/recipes.ts";
import type { Round } from "../pruning/round.ts";
import { evaluate } from "../training/evaluate.ts";
import { withParameters } from "../training/parameters.ts";
import { type DataFlags, dataSettings, openData, preprocessingFor, withData } from "./data-options.ts";
import { checkWritable, writeFile } from "./files.ts";
import { countParameters, openModel, openNetwork } from "./model.ts";
import { type EngineFlags, engineOf, whole, withEngine } from "./options.ts";
import { count, duration, percent, printJson, printLine } from "./print.ts";
import { finishRun, runCommand } from "./run.ts";
import {
  frozenParameters,
  LEARNING_RATE_KEY,
  type TrainingFlags,
  trainingOf,
  withTraining,
} from "./training-options.ts";

interface Flags extends EngineFlags, DataFlags, TrainingFlags {
  out: string;
}

/** `espalier train`: trains a network, or trains a model further. */
export const trainCommand = withEngine(
  withTraining(
    withData(
      new Command("train")
        .summary("train a network or an .onnx model")
        .description("Trains a network by name from a seed, or an .onnx model from its own weights.")
        .argument("<network>", `${[...networks.keys()].join(", ")}, or an .onnx or .esp file`),
    )
      .requiredOption("--out <file>", "where to write the trained model")
      .addOption(
        new Option("--epochs <n>", "epochs (default: the network's recipe, or 10)").argParser(
          whole("number of epochs", 1),
        ),
      ),
  ),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier train lenet-300-100 --data mnist --out dense.onnx\n  espalier train model.onnx --data npz:digits.npz --out tuned.onnx --epochs 5 --optimizer adam --learning-rate 0.001",
  )
  .action(async (network: string, flags: Flags) => {
    const startedAt = performance.now();
    const known = networks.get(network);
    if (!known && !network.endsWith(".onnx")) {
      throw new UserError(
        `There is no network "${network}": choose one of ${[...networks.keys()].join(", ")}, or name an .onnx or .esp file.`,
      );
    }
    const engine = engineOf(flags);
    checkWritable(dirname(flags.out));
    // A network for text has a score for each token of the text that it is built for.
    const text = known?.text ? await openData(flags, emptyModel(network)) : undefined;
    const opened = known
      ? { model: known.build({ seed: flags.seed, classes: text?.classes, input: text?.inputs?.[0] }), digest: network }
      : openModel(network);
    const data = text ?? (await openData(flags, opened.model));
    const { model, restore, rounded } = await openNetwork(opened, engine, data, flags);
    const preprocessing = preprocessingFor(flags, model);
    const recipe = recipes[network]?.full;
    const training = trainingOf(flags, model, recipe && { ...recipe, ...recipe.train });
    const round: Round = { name: "train", epochs: flags.epochs ?? recipe?.train.epochs ?? 10, ...training.round };
    const checkpoint = `${flags.out}.checkpoint`;
    const result = await runCommand(engine, model, data, [round], {
      ...training.run,
      frozen: frozenParameters(model, flags.freeze),
      checkpoint,
      resume: flags.resume === true,
      settings: {
        command: "train",
        network: opened.digest,
        ...dataSettings(flags),
        epochs: round.epochs,
        ...training.settings,
      },
    });
    const trained = withParameters(model, rounded(result.best));
    const test = await evaluate(engine, trained, data, data.test);
    const file = restore(result.best);
    if (data.vocabulary) file.metadata.set(VOCABULARY_KEY, JSON.stringify(data.vocabulary));
    if (preprocessing) file.metadata.set(PREPROCESSING_KEY, JSON.stringify(preprocessing));
    file.metadata.set(LEARNING_RATE_KEY, String(round.learningRate.rate));
    writeFile(flags.out, writeModel(file));
    finishRun(checkpoint);
    const [{ validationError, bestEpoch }] = result.results;
    const seconds = (performance.now() - startedAt) / 1000;
    const counts = countParameters(trained);
    if (flags.json) {
      return printJson({
        network,
        ...counts,
        epochs: round.epochs,
        bestEpoch,
        validationError,
        testError: test.error,
        file: flags.out,
        seconds,
      });
    }
    printLine(
      `${flags.out}: ${count(counts.parameters)} parameters, validation error ${percent(validationError)}, test error ${percent(test.error)}, ${duration(seconds)}`,
    );
  });
