import { dirname } from "node:path";
import { Command } from "commander";
import { compare } from "../engine/compare.ts";
import { writeModel } from "../onnx/write.ts";
import { removeDeadUnits } from "../pruning/neurons/remove.ts";
import { checkWritable, writeFile } from "./files.ts";
import { countParameters, openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import { bytes, count, printJson, printLine } from "./print.ts";

interface Flags extends EngineFlags {
  out: string;
  json?: boolean;
}

/** `espalier compact`: removes the units that pruning has left dead. */
export const compactCommand = withEngine(
  new Command("compact")
    .summary("remove dead units from a pruned model")
    .description(
      "Removes the units and channels that pruning left without live inputs or outputs.\nThe smaller model computes the same: the largest difference and both times are measured.",
    )
    .argument("<model>", "an .onnx file")
    .requiredOption("--out <file>", "where to write the smaller model")
    .option("--json", "print one JSON object"),
)
  .addHelpText("after", "\nExamples:\n  espalier compact pruned/pruned.onnx --out compact.onnx")
  .action(async (path: string, flags: Flags) => {
    const { model, bytes: bytesBefore } = openModel(path);
    checkWritable(dirname(flags.out));
    const engine = engineOf(flags);
    const { model: smaller, layers } = await removeDeadUnits(engine, model);
    const { difference, milliseconds } = await compare(engine, model, smaller);
    const contents = writeModel(smaller);
    writeFile(flags.out, contents);
    const { parameters } = countParameters(smaller);
    if (flags.json) {
      return printJson({
        parameters,
        bytes: contents.length,
        bytesBefore,
        layers,
        difference,
        milliseconds,
        file: flags.out,
      });
    }
    for (const { name, before, after } of layers) printLine(`${name}: ${count(before)} -> ${count(after)} units`);
    const [was, is] = milliseconds.map((ms) => `${ms.toFixed(3)} ms`);
    printLine(
      `${flags.out}: ${bytes(bytesBefore)} -> ${bytes(contents.length)}, ${was} -> ${is} a sample, largest difference ${difference.toExponential(1)} of the largest output`,
    );
  });
