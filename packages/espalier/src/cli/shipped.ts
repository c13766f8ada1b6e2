import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { Network } from "espalier-runtime";
import { openAudio } from "../data/audio/open.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import { openImages } from "../data/images/open.ts";
import { UserError } from "../errors.ts";
import type { Shipped, ShippedNetwork } from "../experiments/shipped.ts";
import { readModel } from "../onnx/read.ts";

/** How a network of the zoo is called, and what it is given. */
interface Known extends Omit<ShippedNetwork, "name" | "contents" | "model" | "data"> {
  readonly file: string;
  /** The folder of its inputs, in that of the networks. */
  readonly inputs: string;
  open(inputs: string, folder: string): Dataset | Promise<Dataset>;
}

/** Samples of 10 ms, of which melspectrogram.onnx makes a frame, and those that it needs besides. */
const FRAME = 160;
const BESIDE = 480;
/** Frames that embedding_model.onnx looks at, of so many numbers each, and how many further it looks next. */
const LOOK = 76;
const BANDS = 32;
const FURTHER = 8;

const MEL = "melspectrogram.onnx";

/** PaddleOCR's, blue first: it takes ImageNet's numbers for red, green and blue so. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const images = (path: string, size: readonly [number, number], mean: readonly number[], scale: readonly number[]) =>
  openImages(path, { preprocessing: { resize: size, crop: size, channels: "BGR", mean, scale }, ignoreLabels: true });
const line = (path: string, width: number) => images(path, [48, width], three(127.5), three(1 / 127.5));
const three = (value: number) => [value, value, value];

const KNOWN: readonly Known[] = [
  {
    file: "ch_PP-OCRv4_rec_infer.onnx",
    title: "PP-OCRv4 recognizer",
    inputs: "textlines",
    measure: "ctc",
    maxLoss: 4,
    open: (path) => line(path, 320),
  },
  {
    file: "ch_PP-OCRv4_det_infer.onnx",
    title: "PP-OCRv4 detector",
    inputs: "pages",
    measure: "iou",
    maxLoss: 5,
    open: (path) =>
      images(
        path,
        [640, 640],
        MEAN.map((mean) => 255 * mean),
        DEVIATION.map((deviation) => 1 / (255 * deviation)),
      ),
  },
  {
    file: "ch_ppocr_mobile_v2.0_cls_infer.onnx",
    title: "orientation classifier",
    inputs: "textlines",
    measure: "argmax",
    maxLoss: 1,
    open: (path) => halfTurned(line(path, 192)),
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
    open: (path, folder) => melFrames(path, folder),
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
    maxLoss: 7,
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
export async function openShipped(folder: string, note: (text: string) => void): Promise<Shipped> {
  const networks: ShippedNetwork[] = [];
  const absent: string[] = [];
  for (const { file, inputs, open, ...rest } of KNOWN) {
    const missing = [file, inputs].filter((name) => !existsSync(join(folder, name)));
    if (missing.length > 0) {
      absent.push(`${file} is left out: there is no ${missing.join(" and no ")} in ${folder}.`);
      continue;
    }
    const contents = new Uint8Array(readFileSync(join(folder, file)));
    const name = file.replace(/\.onnx$/, "");
    const data = await open(join(folder, inputs), folder);
    networks.push({ name, contents, model: readModel(contents, file), data, ...rest });
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
function brotli(file: Uint8Array): number {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.length,
  };
  return brotliCompressSync(file, { params }).length;
}

/** The same pictures, every other one upside down. */
function halfTurned(data: Dataset): Dataset {
  const [{ name, shape }] = data.inputs;
  const [channels, height, width] = shape;
  const size = height * width;
  const turned = (split: Split): Split => ({
    ...split,
    async read(indices, into) {
      await split.read(indices, into);
      for (let i = 0; i < indices.length; i++) {
        if (indices[i] % 2 === 0) continue;
        const start = i * channels * size;
        for (let c = 0; c < channels; c++) into[name]?.subarray(start + c * size, start + (c + 1) * size).reverse();
      }
    },
  });
  return mapped(data, data.inputs, turned);
}

/** What melspectrogram.onnx makes of recordings, as openWakeWord gives it to embedding_model.onnx: divided by 10, plus 2. */
async function melFrames(path: string, folder: string): Promise<Dataset> {
  if (!existsSync(join(folder, MEL)))
    throw new UserError(`embedding_model.onnx reads what ${MEL} makes: add that to ${folder}.`);
  const mel = await Network.load(new Uint8Array(readFileSync(join(folder, MEL))));
  const samples = BESIDE + LOOK * FRAME;
  const recordings = openAudio(path, { window: samples, hop: FURTHER * FRAME, range: "int16" });
  const [input] = mel.inputs;
  const [output] = mel.outputs;
  const frames = (split: Split): Split => ({
    size: split.size,
    async read(indices, { mel: into }) {
      if (!into) return;
      const audio = new Float32Array(samples * indices.length);
      await split.read(indices, { [recordings.inputs[0].name]: audio });
      for (let i = 0; i < indices.length; i++) {
        const data = audio.subarray(i * samples, (i + 1) * samples);
        const { data: made } = mel.run({ [input]: { dims: [1, samples], data } })[output];
        for (let j = 0; j < LOOK * BANDS; j++) into[i * LOOK * BANDS + j] = Number(made[j]) / 10 + 2;
      }
    },
  });
  return mapped(recordings, [{ name: "mel", dtype: "float32", shape: [LOOK, BANDS, 1] }], frames);
}

function mapped(data: Dataset, inputs: Dataset["inputs"], of: (split: Split) => Split): Dataset {
  return { ...data, inputs, train: of(data.train), validation: of(data.validation), test: of(data.test) };
}
