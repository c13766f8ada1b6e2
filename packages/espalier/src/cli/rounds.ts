import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openDataset } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import { runHere } from "../experiments/lab.ts";
import { parseJson } from "../json.ts";
import { workOf } from "../library/hooks.ts";
import { json, out, seedOption } from "../library/options/common.ts";
import { engineOptions } from "../library/options/engine.ts";
import { option, whole } from "../library/options/option.ts";
import { writeModel } from "../onnx/write.ts";
import { storeResults } from "../pruning/results-json.ts";
import { storedRounds } from "../pruning/rounds-json.ts";
import { defineCommand } from "./command.ts";
import { readFile, writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { printJson } from "./print.ts";

/** The network, in the folder of a job that takes it through rounds. */
export const TRAINED = "trained.onnx";

/** Takes a network of an experiment through rounds: a job of `reproduce`, of which no command line knows. */
export const roundsCommand = () =>
  defineCommand({
    name: "rounds",
    summary: "take a network through rounds",
    description: "Takes a network of an experiment through its rounds of training and pruning.",
    argument: { name: "model", help: "an .onnx file", reads: "model" },
    options: z.object({
      out: out("dir", "where to write"),
      data: option(z.string(), { help: "the data", value: "spec", reads: "data" }),
      rounds: option(z.string(), { help: "the rounds, a JSON file", value: "file", reads: "file" }),
      batch: option(whole("number of samples", 1, 65_536), { help: "samples of a step" }),
      seed: seedOption(),
      json,
      ...engineOptions,
    }),
    examples: [],
    async run({ argument: path, options: { out, data: spec, rounds: file, batch, seed, ...options } }) {
      const { model } = openModel(path);
      const rounds = storedRounds.safeParse(parseJson(new TextDecoder().decode(readFile(file))));
      if (!rounds.success) throw new UserError(`${file} has no rounds: run the same version on all machines.`);
      const data = await openDataset(spec);
      const { model: trained, results } = await running(
        ({ signal, onProgress }) =>
          runHere(
            engineOf(options),
            data,
            { model, rounds: rounds.data, batch, seed },
            {
              signal,
              onWork: workOf({ onProgress }),
            },
          ),
        () => "Stopped.",
      );
      mkdirSync(out, { recursive: true });
      writeFile(join(out, TRAINED), writeModel(trained));
      printJson({ results: storeResults(results) });
    },
  });
