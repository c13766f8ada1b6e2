import { z } from "zod";
import { temporaryFile } from "../data/file-store.ts";
import { STANDARD } from "../data/read-file.ts";
import { UserError } from "../errors.ts";
import { buildNetwork } from "../library/network.ts";
import { json, out, resume } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { option } from "../library/options/option.ts";
import { shardPlaceOptions } from "../library/options/shards.ts";
import { train, trainOptions } from "../library/train.ts";
import { networks } from "../models/index.ts";
import { emptyModel, type Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { findRecipe } from "../pruning/recipes.ts";
import { choices } from "../suggest.ts";
import { IMITATE } from "../tasks/index.ts";
import { about } from "../tasks/measure.ts";
import { inFields, nameText, valueText } from "../tasks/words.ts";
import { checkpointBeside, stoppedIn } from "./checkpoint.ts";
import { claimFile, lockFile } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { dataFiles, openData } from "./data.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openFixed } from "./model.ts";
import { shardEngineOf, withShards } from "./options.ts";
import { count, duration, printJson, printLine } from "./print.ts";

const options = z.object({
  out: out("file", "where to write the trained model"),
  ...dataOptions,
  ...modelOptions,
  ...trainOptions,
  against: option(z.string().optional(), {
    help: "the model to imitate (default: the model itself)",
    value: "model",
    reads: "model",
  }),
  ...shardPlaceOptions,
  resume,
  json,
  ...engineOptions,
});

/** What the command line of train takes. */
export type TrainFlags = z.input<typeof options>;

/** `espalier train`: trains a network, or trains a model further. */
export const trainCommand = () =>
  defineCommand({
    name: "train",
    summary: "train a network or an .onnx model",
    description: "Trains a network by name from a seed, or an .onnx model from its own weights.",
    argument: {
      name: "network",
      help: `${[...networks.keys()].join(", ")}, or an .onnx or .esp file`,
      names: [...networks.keys()],
      reads: "model",
    },
    options,
    examples: [
      "train lenet-300-100 --data mnist --out dense.onnx",
      "train model.onnx --data npz:digits.npz --out tuned.onnx --epochs 5 --optimizer adam --learning-rate 0.001",
    ],
    async run({ argument: network, options, computed }) {
      const startedAt = performance.now();
      const { model, digest, named } = await openNetwork(network, options);
      claimFile(options.out, [named ? undefined : network, options.against, ...dataFiles(options)]);
      lockFile(options.out);
      const source = model ?? emptyModel(network);
      const how = named ? { fromScratch: true } : { unlabeled: true, assume: options.task === IMITATE };
      const data = await openData(options, source, how);
      const against = options.against === undefined ? undefined : await openFixed(options.against, options);
      const checkpoint = checkpointBeside(options.out, options);
      const result = await running(
        (hooks) =>
          withShards(options, (executor) =>
            train(shardEngineOf(options), named || !model ? network : model, data, {
              ...only(z.object(trainOptions), options),
              against: against?.model,
              ...hooks,
              executor,
              checkpoint,
              resume: options.resume,
              identity: { command: "train", network: digest, ...computed, against: against?.digest },
              storage: temporaryFile,
              recipe: findRecipe(network)?.full,
            }),
          ),
        () => (checkpoint ? stoppedIn(checkpoint.name) : "Stopped; nothing was written."),
      );
      writeFile(options.out, writeModel(result.model));
      checkpoint?.remove();
      const seconds = (performance.now() - startedAt) / 1000;
      const { parameters, nonzero, epochs, bestEpoch, shards, localSteps, measure, validation, test } = result;
      if (options.json) {
        const measured = { parameters, nonzero, epochs, bestEpoch, shards, localSteps, measure: about(measure) };
        return printJson({
          network,
          ...measured,
          ...inFields(measure, { validation, test }),
          file: options.out,
          seconds,
        });
      }
      const judged = [
        `validation ${nameText(measure)} ${valueText(measure, validation)}`,
        `test ${nameText(measure)} ${valueText(measure, test)}`,
      ];
      printLine(`${options.out}: ${count(parameters)} parameters, ${judged.join(", ")}, ${duration(seconds)}`);
    },
  });

/** The model of a file or of a name; none yet of a name whose network is built for the data. */
async function openNetwork(
  network: string,
  { seed, ...options }: { readonly seed: number } & Parameters<typeof openFixed>[1],
): Promise<{ readonly model?: Model; readonly digest: string; readonly named: boolean }> {
  const known = networks.get(network);
  if (known && (options.fix !== undefined || options.shape !== undefined)) {
    throw new UserError(`The inputs of ${network} are its own: leave out --fix and --shape.`);
  }
  if (known) return { model: known.text ? undefined : buildNetwork(network, { seed }), digest: network, named: true };
  if (network === STANDARD || /\.(onnx|esp)$/.test(network))
    return { ...(await openFixed(network, options)), named: false };
  throw new UserError(
    `There is no network "${network}": ${choices(network, networks.keys())}, or name an .onnx or .esp file.`,
  );
}
