import { Command, Option } from "commander";
import { openDataset } from "../data/spec.ts";
import { evaluate } from "../training/evaluate.ts";
import { openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import { count, percent, printJson, printLine } from "./print.ts";

interface Flags extends EngineFlags {
  data: string;
  split: "train" | "validation" | "test";
  json?: boolean;
}

/** `espalier eval`: how well a model does on data. */
export const evalCommand = withEngine(
  new Command("eval")
    .summary("measure a model's accuracy")
    .description("Measures a model's accuracy on data.")
    .argument("<model>", "an .onnx file")
    .requiredOption("--data <spec>", "the data: mnist, idx:DIR, npz:FILE, or a module")
    .addOption(new Option("--split <name>", "which part").choices(["train", "validation", "test"]).default("test"))
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier eval pruned.onnx --data mnist\n  espalier eval pruned.onnx --data mnist --json",
  )
  .action(async (path: string, flags: Flags) => {
    const { model } = openModel(path);
    const data = await openDataset(flags.data);
    const result = await evaluate(engineOf(flags), model, data, data[flags.split]);
    if (flags.json) return printJson(result);
    printLine(
      `${count(result.samples)} samples: error ${percent(result.error)} (top 1 ${percent(result.top1)}, top 5 ${percent(result.top5)}), loss ${result.loss.toFixed(4)}`,
    );
  });
