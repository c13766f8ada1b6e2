import { z } from "zod";
import { MOST_WINDOW, RANGES } from "../../data/audio/windows.ts";
import { PARTS } from "../../data/division.ts";
import { CHANNELS, MOST_PIXELS } from "../../data/preprocessing.ts";
import { TEXT_PARTS, WINDOW, WORDS } from "../../data/text/read.ts";
import { MOST_TOKENS, UNITS } from "../../data/text/vocabulary.ts";
import { fileScaled, fractions, fractionsOrFile, sideOrArea, sides } from "./notation.ts";
import { type DataKind, metaOf, oneOf, option, whole } from "./option.ts";
import { taskOptions } from "./task.ts";

export const SPEC = "mnist, idx:DIR, npz:FILE, images:DIR, text:FILE, audio:DIR, scenes, or a module";

const IMAGES = {
  group: "Photographs (images:DIR), where the model does not state how it takes them:",
  about: ["images"],
} as const;
const TEXTS = { group: "Texts (text:FILE):", about: ["text"] } as const;
const AUDIO = { group: "Recordings (audio:DIR):", about: ["audio"] } as const;
const WINDOWS = { group: "Texts and recordings:", about: ["text", "audio"] } as const;
const STAGES = { group: "A network of several stages:" } as const;
const PARTED = { group: "Photographs, texts and recordings:", about: ["images", "text", "audio"] } as const;

const areaError = `Write it as 256x256 or 256, up to ${MOST_PIXELS}.`;
const side = z.number(areaError).int(areaError).min(1, areaError).max(MOST_PIXELS, areaError);
const area = z.tuple([side, side], areaError);

const resize = z.union([side, area], areaError);

const stageError = "Write it as FIRST.onnx, or FIRST.onnx*0.1+2 with what it gives multiplied and added to.";
const stage = z.object(
  { file: z.string().min(1, stageError), scale: z.number(stageError), offset: z.number(stageError) },
  stageError,
);

const listError = 'Write numbers with commas between, such as "104,117,123" or "1/255".';
const list = z.array(z.number(listError));

const partsError = 'Write three parts that are 1 together, such as "0.8,0.1,0.1".';
const part = z.number(partsError).gt(0, partsError);
const parts = z
  .tuple([part, part, part], partsError)
  .refine(([train, validation, test]) => Math.abs(train + validation + test - 1) < 1e-6, partsError);

/** How photographs become a network's input, as the network was trained. */
export const preprocessingOptions = {
  size: option(area.optional(), {
    ...IMAGES,
    help: "HEIGHTxWIDTH of the input, to which they are stretched: --resize and --crop in one",
    value: "size",
    notation: sides,
  }),
  resize: option(resize.optional(), {
    ...IMAGES,
    help: "HEIGHTxWIDTH to stretch them to, or the length of their shorter side",
    value: "size",
    notation: sideOrArea,
  }),
  crop: option(area.optional(), {
    ...IMAGES,
    help: "HEIGHTxWIDTH of the centre crop, or one number for both",
    value: "size",
    notation: sides,
  }),
  channels: option(oneOf(CHANNELS).optional(), { ...IMAGES, help: "the order of the channels", value: "order" }),
  mean: option(list.optional(), {
    ...IMAGES,
    help: "what is subtracted from values of 0 to 255, for all channels or each",
    value: "list",
    notation: fractions,
  }),
  scale: option(list.optional(), {
    ...IMAGES,
    help: "what multiplies the rest, such as 1/255, for all channels or each",
    value: "list",
    notation: fractions,
  }),
};

/** Data, and how it becomes samples. */
export const sampleOptions = {
  ...preprocessingOptions,
  labels: option(z.string().optional(), {
    ...IMAGES,
    help: "a CSV file of photographs and labels (default: labels.csv in the folder, if it is there)",
    value: "file",
    reads: "file",
  }),
  classes: option(z.string().optional(), {
    ...IMAGES,
    help: "the classes in the order of the scores, one per line (default: synsets.txt, if it is there)",
    value: "file",
    reads: "file",
  }),
  turnHalf: option(z.boolean().optional(), {
    ...IMAGES,
    help: "turn every other photograph upside down, for a network that tells which way up one is",
  }),
  divisionSeed: option(whole("seed", 0).optional(), {
    ...PARTED,
    help: "the seed by which such a folder is divided (default: 1)",
    about: ["images", "audio"],
  }),
  unit: option(oneOf(UNITS).optional(), {
    ...TEXTS,
    help: "what a token is (default: characters, or as the model states)",
  }),
  window: option(whole("window", 1, MOST_WINDOW).optional(), {
    ...WINDOWS,
    help: `tokens in a sample of a text (default: ${WINDOW}); new samples in a window of a recording (default: what the network's input has room for)`,
  }),
  hop: option(whole("hop", 1, MOST_WINDOW).optional(), {
    ...AUDIO,
    help: "samples from one window to the next (default: the window)",
  }),
  context: option(whole("context", 0, MOST_WINDOW).optional(), {
    ...AUDIO,
    help: "samples before a window that come with it, silence before the beginning (default: 0)",
  }),
  sampleRate: option(whole("sample rate", 1, 10_000_000).optional(), {
    ...AUDIO,
    help: "samples a second that all recordings must have (default: the same for all)",
  }),
  range: option(oneOf(RANGES).optional(), {
    ...AUDIO,
    help: "what samples are: -1 to 1 (unit), or as 16-bit whole numbers (default: unit)",
  }),
  words: option(whole("number of words", 2, MOST_TOKENS).optional(), {
    ...TEXTS,
    help: `words in the vocabulary of a text (default: ${WORDS.toLocaleString("en-US")})`,
  }),
  through: option(stage.optional(), {
    ...STAGES,
    help: "an .onnx or .esp file whose first output on the data is what the network reads; FIRST.onnx*0.1+2 multiplies and adds",
    value: "model",
    reads: "model",
    notation: fileScaled,
  }),
  frames: option(whole("number of frames", 1, MOST_WINDOW).optional(), {
    ...STAGES,
    help: "frames of that output in a sample, a frame being its last axis (default: all of it is one)",
  }),
  frameHop: option(whole("frame hop", 1, MOST_WINDOW).optional(), {
    ...STAGES,
    help: "frames from one sample to the next (default: as many as a sample has)",
  }),
  parts: option(parts.optional(), {
    ...PARTED,
    help: `train,validation,test of a folder without parts (default: ${PARTS.join()}), or of a text (${TEXT_PARTS.join()})`,
    value: "list",
    notation: fractions,
  }),
};

const KINDS = ["images", "text", "audio"] as const satisfies readonly DataKind[];

/** The kind of data that a SPEC names, of those with options of their own. */
export function kindOf(spec: string): DataKind | undefined {
  return KINDS.find((kind) => spec.startsWith(`${kind}:`));
}

/** What data is, where a command must have it or may have it. */
export const dataOptions = {
  ...taskOptions,
  data: option(z.string(), { help: `the data: ${SPEC}`, value: "spec", reads: "data" }),
  ...sampleOptions,
};

/** {@link dataOptions} of a command that may do without. @param use what it is good for */
export const optionalData = (use: string) => ({
  data: option(z.string().optional(), { help: `${use}: ${SPEC}`, value: "spec", reads: "data" }),
  ...sampleOptions,
});

const STATED = { group: "Photographs, where the prototxt does not say it:" } as const;

/** A Caffe network, and how photographs become its input. */
export const caffeOptions = {
  prototxt: option(z.string(), { help: "the network: layers of the old form or the new", value: "file" }),
  caffemodel: option(z.string().optional(), { help: "its trained weights", value: "file" }),
  deepCompression: option(z.string().optional(), {
    help: "its trained weights as a Deep Compression .net file",
    value: "file",
  }),
  resize: option(resize.optional(), { ...metaOf(preprocessingOptions.resize), ...STATED }),
  crop: option(area.optional(), {
    ...metaOf(preprocessingOptions.crop),
    ...STATED,
    help: "HEIGHTxWIDTH of the centre crop: the input's size, where it is not stated",
  }),
  channels: option(oneOf(CHANNELS).optional(), { ...metaOf(preprocessingOptions.channels), ...STATED }),
  mean: option(z.union([list, z.string()], listError).optional(), {
    ...STATED,
    help: "what is subtracted from values of 0 to 255, or the .binaryproto file of a mean image",
    value: "list",
    notation: fractionsOrFile,
  }),
  scale: option(list.optional(), { ...metaOf(preprocessingOptions.scale), ...STATED }),
};
