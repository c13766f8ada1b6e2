import { Command } from "commander";
import type { Contents } from "espalier-runtime/codec";
import { forSamples, sampleForm, withSample } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { countNonzero } from "../pruning/mask.ts";
import { layerTable } from "../report/layer-table.ts";
import { obstacles } from "../training/obstacles.ts";
import { type ImageFlags, openData, type TextFlags, withData } from "./data-options.ts";
import { countParameters, openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine, withShape } from "./options.ts";
import { bytes, count, layerTableText, printJson, printLine, rate, textTable } from "./print.ts";

interface Flags extends EngineFlags, ImageFlags, TextFlags {
  data?: string;
  shape?: number[];
  json?: boolean;
}

/** `espalier inspect`: what a model is, and the paper's per-layer table. */
export const inspectCommand = withEngine(
  withShape(
    withData(
      new Command("inspect")
        .summary("show a model's layers: weights, MACs, what is kept")
        .description(
          "Shows what a model is and whether it can be trained, then layer by layer: weights, MACs,\nnon-zero activations (with --data), what pruning left.",
        )
        .argument("<model>", "an .onnx or .esp file"),
      "measure the non-zero activations on this data's validation split",
      false,
    ).option("--json", "print one JSON object"),
  ),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier inspect pruned.onnx\n  espalier inspect pruned.onnx --data mnist --json\n  espalier inspect detector.onnx --shape 3x640x640",
  )
  .action(async (path: string, flags: Flags) => {
    const { model: source, bytes: size, coded } = openModel(path);
    const { data: spec } = flags;
    const data = spec === undefined ? undefined : await openData({ ...flags, data: spec }, source, { undivided: true });
    const { model, differences } = trainableForm(source);
    const sized = flags.shape ? withSample(model, flags.shape) : model;
    // Of a network for text, one step says it all.
    const stepwise = statedVocabulary(source.metadata) ? withSingleSteps(sized) : sized;
    const shaped = data ? forSamples(sized, sampleForm(data)) : stepwise;
    const layers = await layerTable(engineOf(flags), shaped, data?.validation);
    const counts = countParameters(model);
    const density = counts.parameters === 0 ? 1 : counts.nonzero / counts.parameters;
    const about = aboutOf(source);
    const against = obstacles(model);
    if (flags.json) {
      return printJson({
        ...counts,
        density,
        bytes: size,
        ...about,
        notes: differences,
        obstacles: against,
        layers,
        coded,
      });
    }
    printLine(`ONNX operator set ${about.opset ?? "none"}${about.producer ? `, by ${about.producer}` : ""}`);
    printLine(`inputs   ${about.inputs.map(typeText).join(", ") || "none"}`);
    printLine(`outputs  ${about.outputs.map(typeText).join(", ")}`);
    for (const text of differences) printLine(text);
    printLine(against.length === 0 ? "It can be trained." : `It cannot be trained as it is. ${against.join(" ")}`);
    if (layers.length > 0) printLine(layerTableText(layers));
    if (coded) printLine(codedText(coded, source));
    printLine(
      `${count(counts.parameters)} parameters, ${count(counts.nonzero)} not zero (${rate(1 / density)}), ${bytes(size)} on disk`,
    );
  });

/** The model with one in the place of every size that its inputs leave open, but for the batch. */
function withSingleSteps(model: Model): Model {
  const inputs = model.inputs.map((input) => ({
    ...input,
    shape: input.shape?.map((dim, axis) => (axis > 0 && typeof dim !== "number" ? 1 : dim)),
  }));
  return { ...model, inputs };
}

/** Where the bytes of an .esp file go, and how many bits a weight that is left takes. */
function codedText({ graph, tensors }: Contents, { initializers }: Model): string {
  const rows = tensors.map(({ name, bytes: size, decoded }) => {
    const tensor = initializers.get(name);
    const kept = isFloat32(tensor) ? countNonzero(tensor) : 0;
    return [name, bytes(size), rate(decoded / size), kept === 0 ? "" : ((8 * size) / kept).toFixed(1)];
  });
  return textTable(["in the file", "bytes", "smaller", "bits a weight"], [...rows, ["graph", bytes(graph), "", ""]]);
}

function aboutOf(model: Model) {
  const typed = ({ name, dtype, shape }: Value) => ({ name, dtype, shape });
  return {
    opset: model.opsets.get(""),
    producer: model.producer,
    inputs: fedInputs(model).map(typed),
    outputs: model.outputs.map(typed),
  };
}

function typeText({ name, dtype, shape }: Value): string {
  return `${name} ${dtype ?? "of unknown type"} ${shape ? `[${shape.map((dim) => dim ?? "?").join(", ")}]` : "of unknown shape"}`;
}
