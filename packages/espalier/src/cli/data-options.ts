import { type Command, InvalidArgumentError, Option } from "commander";
import type { Dataset } from "../data/dataset.ts";
import { PARTS } from "../data/images/division.ts";
import type { ImageOptions } from "../data/images/open.ts";
import {
  CHANNELS,
  type Channels,
  channelCount,
  MOST_PIXELS,
  type Preprocessing,
  preprocessingOf,
} from "../data/preprocessing.ts";
import { openDataset } from "../data/spec.ts";
import { TEXT_PARTS, WINDOW, WORDS } from "../data/text/open.ts";
import { MOST_TOKENS, statedVocabulary, UNITS, type Unit } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { whole } from "./options.ts";
import { count } from "./print.ts";

/** Options about photographs, of every command that takes data. */
export interface ImageFlags {
  readonly resize?: readonly [number, number] | number;
  readonly crop?: readonly [number, number];
  readonly channels?: Channels;
  readonly mean?: readonly number[];
  readonly scale?: readonly number[];
  readonly labels?: string;
  readonly classes?: string;
  readonly parts?: readonly [number, number, number];
  readonly divisionSeed?: number;
}

/** Options about texts, of every command that takes data. */
export interface TextFlags {
  readonly unit?: Unit;
  readonly window?: number;
  readonly words?: number;
}

export interface DataFlags extends ImageFlags, TextFlags {
  readonly data: string;
  /** The output of the network that the labels are about. */
  readonly output?: string;
}

const SPEC = "mnist, idx:DIR, npz:FILE, images:DIR, text:FILE, or a module";

/** Adds `--data` and the options about photographs. */
export function withData(command: Command, description = "the data", required = true): Command {
  if (required) command.option("--output <name>", "the output with the class scores (default: the first like them)");
  return command
    .addOption(new Option("--data <spec>", `${description}: ${SPEC}`).makeOptionMandatory(required))
    .optionsGroup("Photographs (images:DIR), where the model does not state how it takes them:")
    .option("--resize <size>", "HEIGHTxWIDTH to stretch them to, or the length of their shorter side", parseResize)
    .option("--crop <size>", "HEIGHTxWIDTH of the middle that is taken, or one number for both", parseCrop)
    .addOption(new Option("--channels <order>", "the order of the channels").choices(CHANNELS))
    .option("--mean <list>", "what is subtracted from values of 0 to 255, for all channels or each", parseNumbers)
    .option("--scale <list>", "what multiplies the rest, such as 1/255, for all channels or each", parseNumbers)
    .option(
      "--labels <file>",
      "a CSV file of photographs and labels (default: labels.csv in the folder, if it is there)",
    )
    .option(
      "--classes <file>",
      "the classes in the order of the scores, one a line (default: synsets.txt, if it is there)",
    )
    .option("--division-seed <n>", "the seed by which such a folder is divided (default: 1)", whole("seed", 0))
    .optionsGroup("Texts (text:FILE):")
    .addOption(
      new Option("--unit <name>", "what a token is (default: characters, or as the model states)").choices(UNITS),
    )
    .option("--window <n>", `tokens in a sample (default: ${WINDOW})`, whole("window", 1, 2 ** 16))
    .option(
      "--words <n>",
      `words in the vocabulary of a text (default: ${count(WORDS)})`,
      whole("number of words", 2, MOST_TOKENS),
    )
    .optionsGroup("Photographs and texts:")
    .option(
      "--parts <list>",
      `train,validation,test of a folder without parts (default: ${PARTS.join()}) or of a text (${TEXT_PARTS.join()})`,
      parseParts,
    )
    .optionsGroup("Options:");
}

/**
 * Opens the data that the flags name, for a model.
 * @throws UserError when it cannot be read, or options about photographs are given with other data
 */
export async function openData(
  flags: DataFlags,
  model: Model,
  options: Pick<ImageOptions, "unlabeled" | "undivided"> = {},
): Promise<Dataset> {
  checkFits(flags);
  const { labels, classes, parts, divisionSeed, unit, window, words } = flags;
  if (flags.data.startsWith("text:")) {
    const vocabulary = statedVocabulary(model.metadata);
    if (unit !== undefined && vocabulary && unit !== vocabulary.unit) {
      throw new UserError(`The model reads ${vocabulary.unit}, and --unit is ${unit}: leave it out.`);
    }
    return openDataset(flags.data, { unit, window, words, parts, vocabulary });
  }
  if (!flags.data.startsWith("images:")) return openDataset(flags.data);
  const preprocessing = preprocessingFor(flags, model);
  const shape = model.outputs[0]?.shape?.slice(1) ?? [null];
  const outputs = shape.every((dim) => typeof dim === "number") ? shape.reduce((n, dim) => n * dim, 1) : undefined;
  return openDataset(flags.data, { preprocessing, labels, classes, parts, divisionSeed, outputs, ...options });
}

/** @throws UserError when an option is about photographs or texts, and the data is not */
function checkFits(flags: DataFlags): void {
  const text = flags.data.startsWith("text:");
  const ofImages = Object.keys(imageFlagsOf(text ? { ...flags, parts: undefined } : flags));
  for (const [kind, names] of [
    ["photographs", flags.data.startsWith("images:") ? [] : ofImages],
    ["texts", text ? [] : Object.keys(textFlagsOf(flags))],
  ] as const) {
    if (names.length === 0) continue;
    const options = names.map((name) => `--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`);
    throw new UserError(`${options.join(", ")} is about ${kind}, and the data is "${flags.data}": leave it out.`);
  }
}

/** What of the data a run depends on, for its settings. */
export function dataSettings(flags: DataFlags): object {
  return { data: flags.data, output: flags.output, ...imageFlagsOf(flags), ...textFlagsOf(flags) };
}

/**
 * How photographs become the model's input: as its metadata says, or as the flags do. The crop is the input's size where
 * neither says it, and what else is left out is RGB, no mean and the scale 1. Undefined where nothing is said at all.
 */
export function preprocessingFor(flags: ImageFlags, model: Model): Preprocessing | undefined {
  const { resize, crop, channels, mean, scale } = flags;
  const stated = preprocessingOf(model.metadata);
  if (!stated && [resize, crop, channels, mean, scale].every((value) => value === undefined)) return undefined;
  const [count, ...size] = (fedInputs(model)[0]?.shape ?? []).slice(1);
  const [height, width] = size.map((dim) => (typeof dim === "number" ? dim : undefined));
  const area = crop ?? stated?.crop ?? (height && width ? ([height, width] as const) : undefined);
  if (!area) throw new UserError("The size of the network's input is open: give --crop.");
  const order = channels ?? stated?.channels ?? (count === 1 ? "GRAY" : "RGB");
  // What is stated in one order is given in the other where only the order is overridden.
  const ordered = (values: readonly number[]) =>
    stated && order !== stated.channels && order !== "GRAY" ? values.toReversed() : values;
  const each = (values: readonly number[]) =>
    values.length === 1 ? Array.from({ length: channelCount(order) }, () => values[0]) : values;
  return {
    resize: resize ?? stated?.resize,
    crop: area,
    channels: order,
    mean: each(mean ?? ordered(stated?.mean ?? [0])),
    scale: each(scale ?? ordered(stated?.scale ?? [1])),
  };
}

function imageFlagsOf({ resize, crop, channels, mean, scale, labels, classes, parts, divisionSeed }: ImageFlags) {
  return given({ resize, crop, channels, mean, scale, labels, classes, parts, divisionSeed });
}

function textFlagsOf({ unit, window, words }: TextFlags) {
  return given({ unit, window, words });
}

function given(flags: object): object {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

function parseSizes(text: string): number[] {
  const sizes = text.split("x").map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  if (sizes.length > 2 || sizes.some((size) => size < 1 || size > MOST_PIXELS)) {
    throw new InvalidArgumentError(`Write it as 256x256 or 256, up to ${MOST_PIXELS}.`);
  }
  return sizes;
}

/** HEIGHTxWIDTH, or one number: the length of the shorter side. */
export function parseResize(text: string): readonly [number, number] | number {
  const [height, width] = parseSizes(text);
  return width === undefined ? height : [height, width];
}

/** HEIGHTxWIDTH, or one number for both. */
export function parseCrop(text: string): readonly [number, number] {
  const [height, width = height] = parseSizes(text);
  return [height, width];
}

/** Numbers with commas between; 1/255 is one. */
export function parseNumbers(text: string): number[] {
  return text.split(",").map((part) => {
    const [above, below = "1", ...more] = part.split("/");
    const value = above.trim() === "" || below.trim() === "" ? Number.NaN : Number(above) / Number(below);
    if (more.length > 0 || !Number.isFinite(value)) {
      throw new InvalidArgumentError('Write numbers with commas between, such as "104,117,123" or "1/255".');
    }
    return value;
  });
}

function parseParts(text: string): readonly [number, number, number] {
  const values = parseNumbers(text);
  const [train, validation, test] = values;
  const whole = Math.abs(train + validation + test - 1) < 1e-6;
  if (values.length !== 3 || !whole || values.some((value) => value <= 0)) {
    throw new InvalidArgumentError('Write three parts that are 1 together, such as "0.8,0.1,0.1".');
  }
  return [train, validation, test];
}
