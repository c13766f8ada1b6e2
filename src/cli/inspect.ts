import { Command } from "commander";
import { layerTable } from "../pruning/table.ts";
import { type ImageFlags, openData, withData } from "./data-options.ts";
import { countParameters, openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import { bytes, count, layerTableText, printJson, printLine, rate } from "./print.ts";

interface Flags extends EngineFlags, ImageFlags {
  data?: string;
  json?: boolean;
}

/** `espalier inspect`: the paper's per-layer table of a model. */
export const inspectCommand = withEngine(
  withData(
    new Command("inspect")
      .summary("show a model's layers: weights, MACs, what is kept")
      .description(
        "Shows a model layer by layer: weights, MACs, non-zero activations (with --data), what pruning left.",
      )
      .argument("<model>", "an .onnx file"),
    "measure the non-zero activations on this data's validation split",
    false,
  ).option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier inspect pruned.onnx\n  espalier inspect pruned.onnx --data mnist --json",
  )
  .action(async (path: string, flags: Flags) => {
    const { model, bytes: size } = openModel(path);
    const { data: spec } = flags;
    const data = spec === undefined ? undefined : await openData({ ...flags, data: spec }, model, { undivided: true });
    const layers = await layerTable(engineOf(flags), model, data?.validation);
    const counts = countParameters(model);
    const density = counts.nonzero / counts.parameters;
    if (flags.json) return printJson({ ...counts, density, bytes: size, layers });
    printLine(layerTableText(layers));
    printLine(
      `${count(counts.parameters)} parameters, ${count(counts.nonzero)} not zero (${rate(1 / density)}), ${bytes(size)} on disk`,
    );
  });
