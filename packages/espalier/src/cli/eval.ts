import { z } from "zod";
import { evaluate, evaluateOptions } from "../library/evaluate.ts";
import { json } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { about } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
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
      const { samples, loss, value, figures, measure } = result;
      if (options.json) return printJson({ samples, ...figures, loss, measure: about(measure) });
      const { error, top1, top5, perplexity } = figures;
      const judged = `${nameText(measure)} ${valueText(measure, value)}`;
      if (perplexity !== undefined) {
        return printLine(
          `${count(samples)} ${data.vocabulary?.unit ?? "labels"}: ${judged}, perplexity ${perplexity.toFixed(2)}, first guess wrong ${percent(error)}`,
        );
      }
      const tops = top1 === undefined ? "" : ` (top 1 ${percent(top1)}, top 5 ${percent(top5)})`;
      printLine(`${count(samples)} samples: ${judged}${tops}, loss ${loss.toFixed(4)}`);
    },
  });
