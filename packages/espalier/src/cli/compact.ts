import { dirname } from "node:path";
import { Command } from "commander";
import { withSample } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { compare } from "../engine/compare.ts";
import type { Model, Value } from "../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { removeDeadUnits } from "../pruning/units/remove.ts";
import { checkWritable, writeFile } from "./files.ts";
import { countParameters, openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine, withShape } from "./options.ts";
import { bytes, count, printJson, printLine } from "./print.ts";

interface Flags extends EngineFlags {
  out: string;
  shape?: number[];
  json?: boolean;
}

/** `espalier compact`: removes the units that pruning has left dead. */
export const compactCommand = withEngine(
  withShape(
    new Command("compact")
      .summary("remove dead units from a pruned model")
      .description(
        "Removes the units and channels that pruning left without live inputs or outputs.\nThe smaller model computes the same: the largest difference and both times are measured.",
      )
      .argument("<model>", "an .onnx or .esp file")
      .requiredOption("--out <file>", "where to write the smaller model")
      .option("--json", "print one JSON object"),
  ),
)
  .addHelpText("after", "\nExamples:\n  espalier compact pruned/pruned.onnx --out compact.onnx")
  .action(async (path: string, flags: Flags) => {
    const { model: source, bytes: bytesBefore } = openModel(path);
    checkWritable(dirname(flags.out));
    const engine = engineOf(flags);
    const form = trainableForm(source);
    const model = withSample(form.model, flags.shape);
    const asCame = form.differences.length > 0;
    // A bias that a layer gains has no place in a form that is not the file's.
    const { model: smaller, layers } = await removeDeadUnits(engine, model, { addBiases: !asCame });
    const { difference, milliseconds } = await compare(engine, model, smaller);
    const written = asCame ? form.restore(floatsOf(smaller)) : smaller;
    const contents = writeModel({ ...written, inputs: resized(source, smaller), values: new Map() });
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

function floatsOf({ initializers }: Model): Map<string, FloatTensor> {
  const found = new Map<string, FloatTensor>();
  for (const [name, tensor] of initializers) if (isFloat32(tensor)) found.set(name, tensor);
  return found;
}

/** The inputs as the file declares them, but for initializers among them that became smaller. */
function resized({ inputs }: Model, { initializers }: Model): Value[] {
  return inputs.map((input) => {
    const tensor = initializers.get(input.name);
    return tensor ? { ...input, shape: tensor.dims } : input;
  });
}
