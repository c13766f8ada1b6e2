import type { Contents } from "espalier-runtime/codec";
import { z } from "zod";
import { inspect, type StoredType } from "../library/inspect.ts";
import { json } from "../library/options/common.ts";
import { optionalData } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { option } from "../library/options/option.ts";
import type { Model, Value } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { countNonzeroCodes } from "../operators/quantized/codes.ts";
import { quantizedLayersOf } from "../operators/quantized/layers.ts";
import { countNonzero } from "../pruning/mask.ts";
import { defineCommand, only } from "./command.ts";
import { openData } from "./data.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { bytes, count, layerTableText, printJson, printLine, rate, textTable } from "./print.ts";
import { unitsText } from "./units-text.ts";

/** `espalier inspect`: what a model is, and the paper's per-layer table. */
export const inspectCommand = () =>
  defineCommand({
    name: "inspect",
    summary: "show a model's layers: weights, MACs, what is kept",
    description:
      "Shows what a model is and whether it can be trained, then layer by layer: weights, MACs,\nnon-zero activations (with --data), what pruning left.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({
      ...optionalData("measure the non-zero activations on this data's validation split"),
      units: option(z.boolean().optional(), {
        help: "show which units, channels and heads can only go together, and which stay and why",
      }),
      ...modelOptions,
      json,
      ...engineOptions,
    }),
    examples: [
      "inspect pruned.onnx",
      "inspect pruned.onnx --data mnist --json",
      "inspect detector.onnx --shape 3x640x640",
      "inspect resnet.onnx --units",
    ],
    async run({ argument: path, options }) {
      const { model: source, bytes: size, coded } = openModel(path);
      const data = await openData(options, source, { undivided: true, ignoreLabels: true });
      const { layers, units, ...about } = await running(
        (hooks) =>
          inspect(engineOf(options), source, {
            data,
            units: options.units,
            ...only(z.object(modelOptions), options),
            ...hooks,
          }),
        () => "Stopped; nothing was measured.",
      );
      const { parameters, nonzero, density, opset, producer, inputs, outputs, notes, obstacles, stored } = about;
      if (options.json) {
        const counts = { parameters, nonzero, density, bytes: size };
        return printJson({
          ...counts,
          opset,
          producer,
          inputs,
          outputs,
          notes,
          obstacles,
          stored,
          layers,
          units,
          coded,
        });
      }
      printLine(`ONNX operator set ${opset ?? "none"}${producer ? `, by ${producer}` : ""}`);
      printLine(`inputs   ${inputs.map(typeText).join(", ") || "none"}`);
      printLine(`outputs  ${outputs.map(typeText).join(", ")}`);
      for (const text of notes) printLine(text);
      printLine(
        obstacles.length === 0 ? "It can be trained." : `It cannot be trained as it is. ${obstacles.join(" ")}`,
      );
      if (layers.length > 0) printLine(layerTableText(layers));
      if (units) printLine(unitsText(units));
      if (coded) printLine(codedText(coded, source));
      // Where all is float32, the sizes are those of the weights above.
      if (layers.some(({ type }) => type !== "float32")) printLine(storedText(stored));
      printLine(
        `${count(parameters)} parameters, ${count(nonzero)} not zero (${rate(1 / density)}), ${bytes(size)} on disk`,
      );
    },
  });

/** What the tensors of each element type take in an .onnx file. */
function storedText(stored: readonly StoredType[]): string {
  const rows = stored.map(({ type, tensors, elements, bytes: size }) => [
    type,
    count(tensors),
    count(elements),
    bytes(size),
  ]);
  return textTable(["held as", "tensors", "elements", "bytes"], rows);
}

/** Where the bytes of an .esp file go, and how many bits a weight that is left takes. */
function codedText({ graph, tensors }: Contents, model: Model): string {
  const coded = new Map(quantizedLayersOf(model).map(({ weight, codes }) => [weight, codes]));
  const rows = tensors.map(({ name, bytes: size, decoded }) => {
    const tensor = model.initializers.get(name);
    const codes = coded.get(name);
    const kept = codes ? countNonzeroCodes(codes) : isFloat32(tensor) ? countNonzero(tensor) : 0;
    return [name, bytes(size), rate(decoded / size), kept === 0 ? "" : ((8 * size) / kept).toFixed(1)];
  });
  return textTable(["in the file", "bytes", "smaller", "bits a weight"], [...rows, ["graph", bytes(graph), "", ""]]);
}

function typeText({ name, dtype, shape }: Value): string {
  return `${name} ${dtype ?? "of unknown type"} ${shape ? `[${shape.map((dim) => dim ?? "?").join(", ")}]` : "of unknown shape"}`;
}
