import { z } from "zod";
import { evaluate, evaluateOptions } from "../library/evaluate.ts";
import { json } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { defineCommand, only } from "./command.ts";
import { openData } from "./data.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { count, percent, printJson, printLine } from "./print.ts";

/** `espalier eval`: how well a model does on data. */
export const evalCommand = () =>
  defineCommand({
    name: "eval",
    summary: "measure a model's accuracy",
    description: "Measures a model's accuracy on data.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({ ...dataOptions, ...evaluateOptions, json, ...engineOptions }),
    examples: [
      "eval pruned.onnx --data mnist",
      "eval pruned.onnx --data mnist --json",
      "eval squeezenet.onnx --data images:photographs",
      "eval lstm.onnx --data text:shakespeare.txt --split validation",
    ],
    async run({ argument: path, options, given }) {
      const { model } = openModel(path);
      const data = await openData(options, model, { undivided: !given.includes("split") });
      const result = await running(
        (hooks) => evaluate(engineOf(options), model, data, { ...only(z.object(evaluateOptions), options), ...hooks }),
        () => "Stopped; nothing was measured.",
      );
      if (options.json) return printJson(result);
      const { samples, error, top1, top5, loss, bitsPerCharacter, perplexity } = result;
      if (bitsPerCharacter !== undefined && perplexity !== undefined) {
        return printLine(
          `${count(samples)} ${data.vocabulary?.unit ?? "labels"}: ${bitsPerCharacter.toFixed(3)} bits per character, perplexity ${perplexity.toFixed(2)}, first guess wrong ${percent(error)}`,
        );
      }
      printLine(
        `${count(samples)} samples: error ${percent(error)} (top 1 ${percent(top1)}, top 5 ${percent(top5)}), loss ${loss.toFixed(4)}`,
      );
    },
  });
