import { Command } from "commander";
import { z } from "zod";
import type { Preprocessing } from "../data/preprocessing.ts";
import { type CaffeImportResult, importCaffeFiles } from "../library/import-caffe.ts";
import { json, out } from "../library/options/common.ts";
import { caffeOptions, preprocessingOptions } from "../library/options/data.ts";
import { writeModel } from "../onnx/write.ts";
import { partOf } from "../pruning/mask.ts";
import { claimFile } from "./claims.ts";
import { defineCommand, wordsOf } from "./command.ts";
import { readFile, writeFile } from "./files.ts";
import { bytes, count, printJson, printLine, share, textTable } from "./print.ts";

/** `espalier import caffe`: a Caffe network as ONNX. */
const caffeCommand = () =>
  defineCommand({
    name: "caffe",
    summary: "turn a Caffe network into an .onnx model",
    description:
      "Turns a Caffe network into an .onnx model that computes the same: the layers of the phase TEST, without losses.\nHow photographs become its input is written into the model, so that eval needs no options.",
    options: z.object({ ...caffeOptions, out: out("file", "where to write the model"), json }),
    examples: [
      "import caffe --prototxt deploy.prototxt --caffemodel alexnet.caffemodel --out alexnet.onnx",
      "import caffe --prototxt deploy.prototxt --deep-compression squeezenet.net --out squeezenet.onnx",
    ],
    run({ options }) {
      const { prototxt, caffemodel, deepCompression, mean, out: file, json, ...photographs } = options;
      const meanFile = typeof mean === "string" ? mean : undefined;
      claimFile(file, [prototxt, caffemodel, deepCompression, meanFile]);
      const { model, assumed, ...result } = importCaffeFiles(
        {
          prototxt: named(prototxt),
          caffemodel: named(caffemodel),
          deepCompression: named(deepCompression),
          mean: named(meanFile),
        },
        { ...photographs, mean: typeof mean === "string" ? undefined : mean },
      );
      const contents = writeModel(model);
      writeFile(file, contents);
      const { parameters, nonzero, layers, dropped, preprocessing } = result;
      const summary = {
        network: model.name,
        parameters,
        nonzero,
        bytes: contents.length,
        layers,
        dropped,
        inputs: model.inputs.map(({ name }) => name),
        outputs: model.outputs.map(({ name }) => name),
        preprocessing,
        assumed: preprocessing && assumed?.map((name) => asOption(name, preprocessing[name])),
        file,
      };
      if (json) printJson(summary);
      else printSummary(summary);
    },
  });

/** `espalier import`: networks of other frameworks as ONNX. */
export const importCommand = () =>
  new Command("import")
    .summary("turn a Caffe network into an .onnx model")
    .description("Turns networks of other frameworks into .onnx models.")
    .helpCommand(false)
    .addCommand(caffeCommand());

/** What was assumed as the option that would say it, one number where it is that of all channels. */
function asOption(name: Exclude<keyof Preprocessing, "layout">, value: Preprocessing[keyof Preprocessing]): string {
  const each = name === "mean" || name === "scale" ? new Set(Array.isArray(value) ? value : []) : undefined;
  return wordsOf(name, preprocessingOptions[name], each?.size === 1 ? [...each] : value).join(" ");
}

function named(path: string): { readonly name: string; readonly bytes: Uint8Array };
function named(path: string | undefined): { readonly name: string; readonly bytes: Uint8Array } | undefined;
function named(path: string | undefined) {
  return path === undefined ? undefined : { name: path, bytes: readFile(path) };
}

interface Summary extends Omit<CaffeImportResult, "model" | "assumed"> {
  readonly network: string;
  readonly bytes: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** As options. */
  readonly assumed?: readonly string[];
  readonly file: string;
}

function printSummary(summary: Summary): void {
  const { layers, dropped, inputs, outputs, preprocessing, assumed = [] } = summary;
  const row = (name: string, op: string, weights: number, kept: number) =>
    [name, op, count(weights), count(kept), share(partOf(kept, weights))] as const;
  const sum = (of: "weights" | "kept") => layers.reduce((all, layer) => all + layer[of], 0);
  const rows = layers.map(({ name, op, weights, kept }) => row(name, op, weights, kept));
  const head = ["layer", "op", "weights", "kept", "kept %"];
  printLine(textTable(head, [...rows, row("total", "", sum("weights"), sum("kept"))], 2));
  printLine(`inputs   ${inputs.join(", ")}`);
  printLine(`outputs  ${outputs.join(", ")}`);
  if (dropped.length > 0) printLine(`Left out: ${dropped.map(({ name, type }) => `${name} (${type})`).join(", ")}.`);
  if (preprocessing) printLine(`Photographs: ${preprocessingText(preprocessing)}.`);
  if (assumed.length > 0) printLine(`Of that the prototxt does not say, and was assumed: ${assumed.join(" ")}.`);
  const { parameters, nonzero, bytes: size, file } = summary;
  printLine(`${file}: ${count(parameters)} parameters, ${count(nonzero)} not zero, ${bytes(size)}`);
}

function preprocessingText({ resize, crop, channels, mean, scale }: Preprocessing): string {
  const resized = typeof resize === "number" ? `shorter side ${resize}` : resize && `stretched to ${resize.join("x")}`;
  return [resized, `middle ${crop.join("x")}`, channels, `mean ${mean}`, `scale ${scale}`].filter(Boolean).join(", ");
}
