import { Command, Option } from "commander";
import { evaluate } from "../training/evaluate.ts";
import { textMeasures } from "../training/tally.ts";
import { type DataFlags, openData, withData } from "./data-options.ts";
import { openModel, openNetwork } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import { count, percent, printJson, printLine } from "./print.ts";

interface Flags extends EngineFlags, DataFlags {
  split?: "train" | "validation" | "test";
  json?: boolean;
}

/** `espalier eval`: how well a model does on data. */
export const evalCommand = withEngine(
  withData(
    new Command("eval")
      .summary("measure a model's accuracy")
      .description("Measures a model's accuracy on data.")
      .argument("<model>", "an .onnx or .esp file"),
  )
    .addOption(
      new Option(
        "--split <name>",
        "which part (default: test; of a folder of photographs without parts, all of it)",
      ).choices(["train", "validation", "test"]),
    )
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier eval pruned.onnx --data mnist\n  espalier eval pruned.onnx --data mnist --json\n  espalier eval squeezenet.onnx --data images:photographs\n  espalier eval lstm.onnx --data text:shakespeare.txt --split validation",
  )
  .action(async (path: string, flags: Flags) => {
    const opened = openModel(path);
    const engine = engineOf(flags);
    const { split = "test" } = flags;
    const data = await openData(flags, opened.model, { undivided: flags.split === undefined });
    const { model } = await openNetwork(opened, engine, data, flags);
    const result = await evaluate(engine, model, data, data[split]);
    const text = textMeasures(result, data[split]);
    if (flags.json) return printJson({ ...result, ...text });
    if (text) {
      return printLine(
        `${count(result.samples)} ${data.vocabulary?.unit ?? "labels"}: ${text.bitsPerCharacter.toFixed(3)} bits per character, perplexity ${text.perplexity.toFixed(2)}, first guess wrong ${percent(result.error)}`,
      );
    }
    printLine(
      `${count(result.samples)} samples: error ${percent(result.error)} (top 1 ${percent(result.top1)}, top 5 ${percent(result.top5)}), loss ${result.loss.toFixed(4)}`,
    );
  });
