import { z } from "zod";
import { UserError } from "../errors.ts";
import { evaluate, evaluateOptions } from "../library/evaluate.ts";
import { type EvaluateAgainstResult, evaluateAgainst, evaluateAgainstOptions } from "../library/evaluate-against.ts";
import { json } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { option } from "../library/options/option.ts";
import { about } from "../tasks/measure.ts";
import { fidelityText, nameText, valueText } from "../tasks/words.ts";
import { defineCommand, flags, only } from "./command.ts";
import { openData } from "./data.ts";
import { running } from "./interrupt.ts";
import { openFixed } from "./model.ts";
import { engineOf } from "./options.ts";
import { count, percent, printJson, printLine, textTable } from "./print.ts";

/** `espalier eval`: how well a model does on data. */
export const evalCommand = () =>
  defineCommand({
    name: "eval",
    summary: "measure how good a model is, or how far its outputs are another's",
    description:
      "Measures on data how good a model is, by its task's measure; with --against, how far its outputs are those of another model,\nwithout labels.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({
      ...dataOptions,
      ...modelOptions,
      ...evaluateOptions,
      against: option(z.string().optional(), {
        help: "another model: measure how far the outputs are the same, without labels",
        value: "model",
      }),
      json,
      ...engineOptions,
    }),
    examples: [
      "eval pruned.onnx --data mnist",
      "eval pruned.onnx --data mnist --json",
      "eval squeezenet.onnx --data images:photographs",
      "eval small.esp --against detector.onnx --data images:pages --measure iou",
      "eval lstm.onnx --data text:shakespeare.txt --split validation",
    ],
    async run({ argument: path, options, given }) {
      const { model } = await openFixed(path, options, options.against);
      if (options.against !== undefined) {
        refuse(given, ["task", "output", "labels", "classes"]);
        const { model: against } = await openFixed(options.against, options, path);
        const how = { undivided: !given.includes("split"), ignoreLabels: true };
        const data = await openData(options, against, how);
        const chosen = only(z.object(evaluateAgainstOptions), options);
        const compared = await running(
          (hooks) => evaluateAgainst(engineOf(options), model, against, data, { ...chosen, ...hooks }),
          () => "Stopped; nothing was measured.",
        );
        return options.json ? printJson(fieldsOf(compared)) : printCompared(compared);
      }
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

/** @throws UserError for options that are about labels, or a single output */
function refuse(given: readonly string[], names: readonly string[]): void {
  const idle = names.filter((name) => given.includes(name));
  if (idle.length > 0)
    throw new UserError(`--against compares all outputs of two models, and reads no labels: leave out ${flags(idle)}.`);
}

function fieldsOf({ samples, fidelity, standardError, measure, outputs }: EvaluateAgainstResult) {
  return {
    samples,
    fidelity,
    standardError,
    outputs: outputs.map(({ name, measure, value, relativeError }) => ({ name, measure, value, relativeError })),
    measure: about(measure),
  };
}

function printCompared({ samples, fidelity, standardError, measure: judged, outputs }: EvaluateAgainstResult): void {
  const text = (value: number) => (judged.unit === "%" ? fidelityText(value) : valueText(judged, value));
  printLine(`${count(samples)} samples: fidelity ${text(fidelity)} (chance ${text(standardError)})`);
  const rows = outputs.map(({ name, measure, value, relativeError }) => [
    name,
    measure,
    text(value),
    relativeError.toPrecision(3),
  ]);
  printLine(textTable(["output", "measure", "value", "relative error"], rows, 2));
}
