import { dirname } from "node:path";
import { Command, Option } from "commander";
import { CHANNELS, channelCount, PREPROCESSING_KEY, type Preprocessing } from "../data/preprocessing.ts";
import { UserError } from "../errors.ts";
import { openCaffemodel } from "../import/caffe/caffemodel.ts";
import { openDeepCompression } from "../import/caffe/deep-compression.ts";
import { type CaffeImport, importCaffe } from "../import/caffe/import-caffe.ts";
import { channelMeans } from "../import/caffe/mean-file.ts";
import { readPrototxt } from "../import/caffe/net.ts";
import type { WeightFile } from "../import/caffe/weights.ts";
import { writeModel } from "../onnx/write.ts";
import { layersOf } from "../operators/layers.ts";
import { countNonzero } from "../pruning/mask.ts";
import type { LayerRow } from "../report/layer-table.ts";
import { type Chosen, choosePreprocessing, type PreprocessingFlags } from "./caffe-preprocessing.ts";
import { parseCrop, parseNumbers, parseResize } from "./data-options.ts";
import { checkWritable, readFile, writeFile } from "./files.ts";
import { countParameters } from "./model.ts";
import { bytes, count, printJson, printLine, share, textTable } from "./print.ts";

interface Flags extends Omit<PreprocessingFlags, "mean"> {
  prototxt: string;
  caffemodel?: string;
  deepCompression?: string;
  out: string;
  mean?: readonly number[] | string;
  json?: boolean;
}

/** `espalier import caffe`: a Caffe network as ONNX. */
const caffeCommand = new Command("caffe")
  .summary("turn a Caffe network into an .onnx model")
  .description(
    "Turns a Caffe network into an .onnx model that computes the same: the layers of the phase TEST, without losses.\nHow photographs become its input is written into the model, so that eval needs no options.",
  )
  .requiredOption("--prototxt <file>", "the network: layers of the old form or the new")
  .option("--caffemodel <file>", "its trained weights")
  .addOption(
    new Option("--deep-compression <file>", "its trained weights as a Deep Compression .net file").conflicts(
      "caffemodel",
    ),
  )
  .requiredOption("--out <file>", "where to write the model")
  .optionsGroup("Photographs, where the prototxt does not say it:")
  .option("--resize <size>", "HEIGHTxWIDTH to stretch them to, or the length of their shorter side", parseResize)
  .option(
    "--crop <size>",
    "HEIGHTxWIDTH of the middle that is taken: the input's size, where it is not stated",
    parseCrop,
  )
  .addOption(new Option("--channels <order>", "the order of the channels").choices(CHANNELS))
  .option(
    "--mean <list>",
    "what is subtracted from values of 0 to 255, or the .binaryproto file of a mean image",
    numbersOrFile,
  )
  .option("--scale <list>", "what multiplies the rest, such as 1/255, for all channels or each", parseNumbers)
  .optionsGroup("Options:")
  .option("--json", "print one JSON object")
  .addHelpText(
    "after",
    "\nExamples:\n  espalier import caffe --prototxt deploy.prototxt --caffemodel alexnet.caffemodel --out alexnet.onnx\n  espalier import caffe --prototxt deploy.prototxt --deep-compression squeezenet.net --out squeezenet.onnx",
  )
  .action((flags: Flags) => {
    checkWritable(dirname(flags.out));
    const net = readPrototxt(readFile(flags.prototxt), flags.prototxt);
    const channels = flags.channels && channelCount(flags.channels);
    const { model, dropped, transform } = importCaffe(net, weightsOf(flags), { channels, size: flags.crop });
    const { resize, crop, channels: order, scale } = flags;
    const said = { resize, crop, channels: order, mean: meanOf(flags), scale };
    const chosen = choosePreprocessing(model.inputs[0], transform, said);
    if (chosen) model.metadata.set(PREPROCESSING_KEY, JSON.stringify(chosen.preprocessing));
    const contents = writeModel(model);
    writeFile(flags.out, contents);
    const summary = {
      network: model.name,
      ...countParameters(model),
      bytes: contents.length,
      layers: layersOf(model).map(({ name, node, tensor }) => {
        const [weights, kept] = [tensor.data.length, countNonzero(tensor)];
        return { name, op: node.op, weights, kept, density: kept / weights };
      }),
      dropped,
      inputs: model.inputs.map(({ name }) => name),
      outputs: model.outputs.map(({ name }) => name),
      ...chosen,
      file: flags.out,
    };
    if (flags.json) printJson(summary);
    else printSummary(summary);
  });

/** `espalier import`: networks of other frameworks as ONNX. */
export const importCommand = new Command("import")
  .summary("turn a Caffe network into an .onnx model")
  .description("Turns networks of other frameworks into .onnx models.")
  .addCommand(caffeCommand);

function weightsOf({ caffemodel, deepCompression }: Flags): WeightFile {
  if (caffemodel !== undefined) return openCaffemodel(readFile(caffemodel), caffemodel);
  if (deepCompression !== undefined) return openDeepCompression(readFile(deepCompression), deepCompression);
  throw new UserError("The network has no weights: give them with --caffemodel or --deep-compression.");
}

/** Numbers with commas between, or else the name of a file. */
function numbersOrFile(text: string): readonly number[] | string {
  return /^[\d.,/e+-]+$/.test(text) ? parseNumbers(text) : text;
}

function meanOf({ mean }: Flags): readonly number[] | undefined {
  return typeof mean === "string" ? channelMeans(readFile(mean), mean) : mean;
}

interface Summary extends Partial<Chosen> {
  readonly network: string;
  readonly parameters: number;
  readonly nonzero: number;
  readonly bytes: number;
  readonly layers: readonly Pick<LayerRow, "name" | "op" | "weights" | "kept" | "density">[];
  readonly dropped: CaffeImport["dropped"];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly file: string;
}

function printSummary(summary: Summary): void {
  const { layers, dropped, inputs, outputs, preprocessing, assumed = [] } = summary;
  const row = (name: string, op: string, weights: number, kept: number) =>
    [name, op, count(weights), count(kept), share(weights === 0 ? 1 : kept / weights)] as const;
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
