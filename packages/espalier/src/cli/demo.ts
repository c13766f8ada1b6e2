import { join } from "node:path";
import { Command, Option } from "commander";
import { openDataset } from "../data/spec.ts";
import { networks } from "../models/index.ts";
import { writeModel } from "../onnx/write.ts";
import { recipeOf, recipes, roundsOf } from "../pruning/recipes.ts";
import { withParameters } from "../training/parameters.ts";
import { checkWritable, writeFile } from "./files.ts";
import { openModel } from "./model.ts";
import { type EngineFlags, engineOf, whole, withEngine } from "./options.ts";
import { note, printJson } from "./print.ts";
import { printSummary, writeResults } from "./results.ts";
import { finishRun, runCommand } from "./run.ts";
import { LEARNING_RATE_KEY } from "./training-options.ts";

interface Flags extends EngineFlags {
  network: string;
  quick?: boolean;
  out: string;
  seed: number;
  resume?: boolean;
  json?: boolean;
}

/** `espalier demo`: the paper's main experiment from nothing. */
export const demoCommand = withEngine(
  new Command("demo")
    .summary("train, prune and retrain a LeNet on MNIST")
    .description(
      "Trains a LeNet on all of MNIST, prunes it to a twelfth in rounds, retrains it without losing accuracy,\nand writes the pruned .onnx, the paper's table and a report.",
    )
    .addOption(new Option("--network <name>", "which network").choices(Object.keys(recipes)).default("lenet-300-100"))
    .option("--quick", "fewer epochs")
    .option("--out <dir>", "where to write", "espalier-demo")
    .option("--seed <n>", "the seed of all randomness", whole("seed", 0), 1)
    .option("--resume", "continue an interrupted run to the same result")
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier demo\n  espalier demo --quick --json\n  espalier demo --network lenet-5 --out lenet-5",
  )
  .action(async (flags: Flags) => {
    const startedAt = performance.now();
    const { network, seed, out, quick = false } = flags;
    checkWritable(out);
    const engine = engineOf(flags);
    const data = await openDataset("mnist");
    const built = networks.get(network)?.build({ seed });
    if (!built) throw new Error(`The recipe "${network}" has no network.`);
    const recipe = recipeOf(network, quick);
    const { train, prune } = roundsOf(recipe, built);
    const densePath = join(out, "dense.onnx");
    const checkpoint = join(out, "checkpoint.onnx");
    if (!flags.json) note(`Training ${network} on MNIST, then pruning it in ${prune.length} rounds.`);
    const result = await runCommand(engine, built, data, [train, ...prune], {
      batch: recipe.batch,
      seed,
      checkpoint,
      resume: flags.resume === true,
      settings: { command: "demo", network, quick, seed },
      onRound: ({ name }, parameters) => {
        if (name !== train.name) return;
        const dense = withParameters(built, parameters);
        dense.metadata.set(LEARNING_RATE_KEY, String(train.learningRate.rate));
        writeFile(densePath, writeModel(dense));
      },
    });
    const summary = await writeResults(
      engine,
      data,
      {
        network,
        title: `${network === "lenet-5" ? "LeNet-5" : "LeNet-300-100"} on MNIST`,
        command: `espalier demo --network ${network}${quick ? " --quick" : ""} --seed ${seed}`,
        settings: [
          [
            "data",
            `${data.name}: ${data.train.size} train, ${data.validation.size} validation, ${data.test.size} test`,
          ],
          [
            "training",
            `${train.epochs} epochs, learning rate ${train.learningRate.rate}, batch ${recipe.batch}, L2 ${recipe.train.l2}`,
          ],
          [
            "pruning",
            `${prune.length} rounds of ${recipe.prune.epochs} epochs, learning rate ${recipe.prune.learningRate.rate}, L2 ${recipe.prune.l2}`,
          ],
          ["seed", String(seed)],
        ],
        dense: openModel(densePath).model,
        pruned: withParameters(built, result.best),
        results: result.results,
        startedAt,
      },
      out,
    );
    finishRun(checkpoint);
    if (flags.json) printJson(summary);
    else printSummary(summary);
  });
