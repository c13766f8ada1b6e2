import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { temporaryFile } from "../data/file-store.ts";
import { openDataset } from "../data/spec.ts";
import { demo, demoOptions } from "../library/demo.ts";
import { json, resume } from "../library/options/common.ts";
import { engineOptions } from "../library/options/engine.ts";
import { oneOf, option } from "../library/options/option.ts";
import { writeModel } from "../onnx/write.ts";
import { recipeOf } from "../pruning/recipes.ts";
import { checkpointFile, stoppedIn } from "./checkpoint.ts";
import { claimFolder } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { note, printJson } from "./print.ts";
import { printSummary, summaryFields, writeResults } from "./results.ts";
import { watched } from "./watched.ts";

const out = option(z.string().default("espalier-demo"), { help: "where to write", value: "dir", outside: true });

/** Of the networks with a recipe those that read MNIST. */
const network = option(oneOf(["lenet-300-100", "lenet-5"]).default("lenet-300-100"), { help: "which network" });

/** `espalier demo`: the paper's main experiment from nothing. */
export const demoCommand = () =>
  defineCommand({
    name: "demo",
    summary: "train, prune and retrain a LeNet on MNIST",
    description:
      "Trains a LeNet on all of MNIST, prunes it to a twelfth in rounds, retrains it without losing accuracy,\nand writes the pruned .onnx, the paper's table and a report.",
    options: z.object({ ...demoOptions, network, out, resume, json, ...engineOptions }),
    examples: ["demo", "demo --quick --json", "demo --network lenet-5 --out lenet-5"],
    async run({ options, line }) {
      const { network, out } = options;
      claimFolder(out);
      const engine = engineOf(options);
      const data = watched(await openDataset("mnist"));
      const dense = join(out, "dense.onnx");
      const checkpoint = checkpointFile(join(out, "checkpoint.onnx"), options);
      const { rounds } = recipeOf(network, options.quick).prune;
      if (!options.json) note(`Training ${network} on MNIST, then pruning it in ${rounds} rounds.`);
      const result = await running(
        (hooks) =>
          demo(engine, data, {
            ...only(z.object(demoOptions), options),
            ...hooks,
            checkpoint,
            resume: options.resume,
            identity: { command: "demo" },
            storage: temporaryFile,
            dense: {
              save: (model) => writeFile(dense, writeModel(model)),
              load: () => (existsSync(dense) ? openModel(dense).model : undefined),
            },
          }),
        () => stoppedIn(checkpoint.name),
      );
      const title = `${network === "lenet-5" ? "LeNet-5" : "LeNet-300-100"} on MNIST`;
      const summary = await running(
        (hooks) => writeResults(engine, data, result, { network, title, command: line }, out, hooks),
        () => stoppedIn(checkpoint.name),
      );
      checkpoint.remove();
      if (options.json) printJson(summaryFields(summary));
      else printSummary(summary);
    },
  });
