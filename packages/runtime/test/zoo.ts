import { readFileSync } from "node:fs";
import sharp from "sharp";
import { sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { random } from "../../espalier/src/random.ts";
import type { FedTensor } from "../src/network/feed.ts";

/** Networks that people ship, and inputs for them, beside the repository. */
export const zoo = new URL("../../../../shared/zoo/", import.meta.url);

/** What a network is fed. */
export type Feeds = Readonly<Record<string, FedTensor>>;

const noise = (dims: readonly number[], size = 1, middle = 0): FedTensor => {
  const { uniform } = random(1, "zoo");
  return { dims, data: Float32Array.from({ length: sizeOf(dims) }, () => middle + size * (2 * uniform() - 1)) };
};

const frame = (rate: bigint, samples: number): Feeds => ({
  input: noise([1, samples]),
  state: noise([2, 1, 128]),
  sr: { dims: [], data: BigInt64Array.of(rate) },
});

/** A page as the detector of text takes it: BGR, channels first, less the means of PaddleOCR and over its deviations. */
async function page(): Promise<Feeds> {
  const size = 320;
  const file = readFileSync(new URL("pages/val/040.jpg", zoo));
  const pixels = await sharp(file).resize(size, size).removeAlpha().raw().toBuffer();
  const [mean, deviation] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const channel = Math.floor(i / (size * size));
    return (pixels[3 * (i % (size * size)) + 2 - channel] / 255 - mean[channel]) / deviation[channel];
  });
  return { x: { dims: [1, 3, size, size], data } };
}

/** Each network with what it is fed. */
export const CASES: readonly [name: string, feeds: () => Feeds | Promise<Feeds>][] = [
  ["silero_vad_v5", () => frame(16000n, 576)],
  ["silero_vad_v5", () => frame(8000n, 288)],
  ["melspectrogram", () => ({ input: noise([1, 16000], 10_000) })],
  ["embedding_model", () => ({ input_1: noise([2, 76, 32, 1], 2, 2) })],
  ["ch_PP-OCRv4_det_infer", page],
  ["ch_PP-OCRv4_rec_infer", () => ({ x: noise([1, 3, 48, 320]) })],
  ["ch_ppocr_mobile_v2.0_cls_infer", () => ({ x: noise([1, 3, 48, 192]) })],
  ["version-RFB-320", () => ({ input: noise([1, 3, 240, 320]) })],
];
