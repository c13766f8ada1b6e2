import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { Dataset } from "../data/dataset.ts";
import { openImages } from "../data/images/open.ts";
import { openAudio } from "../data/node/audio.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Shipped, ShippedNetwork } from "../experiments/shipped.ts";
import { through } from "../library/through.ts";
import { openModel } from "./model.ts";

/** How a network of the zoo is called, and what it is given. */
interface Known extends Omit<ShippedNetwork, "name" | "contents" | "model" | "data"> {
  readonly file: string;
  /** The folder of its inputs, in that of the networks. */
  readonly inputs: string;
  open(inputs: string, folder: string, engine: Engine): Dataset | Promise<Dataset>;
}

/** Samples of 10 ms, of which melspectrogram.onnx makes a frame, and those that it needs besides. */
const FRAME = 160;
const BESIDE = 480;
/** Frames that embedding_model.onnx looks at, and how many further it looks next. */
const LOOK = 76;
const FURTHER = 8;

const MEL = "melspectrogram.onnx";

/** PaddleOCR's, blue first: it takes ImageNet's numbers for red, green and blue so. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const images = (size: readonly [number, number], mean: readonly number[], scale: readonly number[]) => ({
  preprocessing: { resize: size, crop: size, channels: "BGR", mean, scale } as const,
  ignoreLabels: true,
});
const line = (width: number) => images([48, width], three(127.5), three(1 / 127.5));
const three = (value: number) => [value, value, value];

const KNOWN: readonly Known[] = [
  {
    file: "ch_PP-OCRv4_rec_infer.onnx",
    title: "PP-OCRv4 recognizer",
    inputs: "textlines",
    measure: "ctc",
    // A search keeps what chance favours on few samples: 2 points on validation are up to 4 on other lines.
    maxLoss: 2,
    open: (path) => openImages(path, line(320)),
  },
  {
    file: "ch_PP-OCRv4_det_infer.onnx",
    title: "PP-OCRv4 detector",
    inputs: "pages",
    measure: "iou",
    maxLoss: 5,
    open: (path) =>
      openImages(
        path,
        images(
          [640, 640],
          MEAN.map((mean) => 255 * mean),
          DEVIATION.map((deviation) => 1 / (255 * deviation)),
        ),
      ),
  },
  {
    file: "ch_ppocr_mobile_v2.0_cls_infer.onnx",
    title: "orientation classifier",
    inputs: "textlines",
    measure: "argmax",
    maxLoss: 1,
    open: (path) => openImages(path, { ...line(192), turnHalf: true }),
  },
  {
    file: "silero_vad_v5.onnx",
    title: "Silero v5",
    inputs: "speech",
    fix: { sr: 16_000 },
    measure: "decision",
    maxLoss: 1,
    open: (path) => openAudio(path, { window: 512, context: 64, stream: true }),
  },
  {
    file: "embedding_model.onnx",
    title: "speech embedding",
    inputs: "speech",
    measure: "cosine",
    maxLoss: 1,
    open: melFrames,
  },
  {
    file: MEL,
    title: "mel frontend",
    inputs: "speech",
    measure: "relative-error",
    maxLoss: 0.1,
    open: (path) => openAudio(path, { window: BESIDE + 32 * FRAME, range: "int16" }),
  },
  {
    file: "version-RFB-320.onnx",
    title: "face detector",
    inputs: "photographs",
    measure: "boxes",
    // As for the recognizer: 7 on other photographs.
    maxLoss: 4,
    open: (path) => {
      const preprocessing = {
        resize: [240, 320],
        crop: [240, 320],
        channels: "RGB",
        mean: three(127),
        scale: three(1 / 128),
      } as const;
      // Few photographs have a face in them: many are looked at.
      return openImages(path, { preprocessing, ignoreLabels: true, parts: [0.5, 0.2, 0.3] });
    },
  },
];

/**
 * Opens a folder with networks that people ship and inputs for them, by their names.
 * @param note is told which are left out, as they are not there
 * @throws UserError where none is there, or one cannot be read
 */
export async function openShipped(folder: string, engine: Engine, note: (text: string) => void): Promise<Shipped> {
  const networks: ShippedNetwork[] = [];
  const absent: string[] = [];
  for (const { file, inputs, open, ...rest } of KNOWN) {
    const missing = [file, inputs].filter((name) => !existsSync(join(folder, name)));
    if (missing.length > 0) {
      absent.push(`${file} is left out: there is no ${missing.join(" and no ")} in ${folder}.`);
      continue;
    }
    const { name, contents, model } = openModel(join(folder, file));
    const data = await open(join(folder, inputs), folder, engine);
    networks.push({ name, contents, model, data, ...rest });
  }
  if (networks.length === 0) {
    throw new UserError(
      `There is no network with its inputs in ${folder}: docs/results/zoo.md says which there may be, and where they are from.`,
    );
  }
  for (const text of absent) note(text);
  return { networks, brotli };
}

/** With the largest window that browsers take. */
async function brotli(file: Uint8Array): Promise<number> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.length,
  };
  return (await promisify(brotliCompress)(file, { params })).length;
}

/**
 * What melspectrogram.onnx makes of recordings, as openWakeWord gives it to embedding_model.onnx: of the samples that it
 * hears at a time, divided by 10, plus 2.
 */
function melFrames(path: string, folder: string, engine: Engine): Promise<Dataset> {
  if (!existsSync(join(folder, MEL)))
    throw new UserError(`embedding_model.onnx reads what ${MEL} makes: add that to ${folder}.`);
  const hop = FURTHER * FRAME;
  const heard = openAudio(path, { window: BESIDE + hop, hop, range: "int16", stream: true });
  return through(engine, openModel(join(folder, MEL)).model, heard, {
    scale: 0.1,
    offset: 2,
    frames: LOOK,
    frameHop: FURTHER,
  });
}
