import { existsSync, readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { expect, it } from "vitest";
import { sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { random } from "../../espalier/src/random.ts";
import type { FedTensor } from "../src/network/feed.ts";
import { Network } from "../src/network/network.ts";

/** Networks that people ship, and inputs for them, beside the repository. */
const zoo = new URL("../../../../shared/zoo/", import.meta.url);

type Feeds = Readonly<Record<string, FedTensor>>;

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

const CASES: readonly [name: string, feeds: () => Feeds | Promise<Feeds>][] = [
  ["silero_vad_v5", () => frame(16000n, 576)],
  ["silero_vad_v5", () => frame(8000n, 288)],
  ["melspectrogram", () => ({ input: noise([1, 16000], 10_000) })],
  ["embedding_model", () => ({ input_1: noise([2, 76, 32, 1], 2, 2) })],
  ["ch_PP-OCRv4_det_infer", page],
  ["ch_PP-OCRv4_rec_infer", () => ({ x: noise([1, 3, 48, 320]) })],
  ["ch_ppocr_mobile_v2.0_cls_infer", () => ({ x: noise([1, 3, 48, 192]) })],
  ["version-RFB-320", () => ({ input: noise([1, 3, 240, 320]) })],
];

it.skipIf(!existsSync(zoo)).each(CASES)("%s is computed as ONNX Runtime does (../shared/zoo)", async (name, make) => {
  const bytes = readFileSync(new URL(`${name}.onnx`, zoo));
  const feeds = await make();
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const right = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([input, { dims, data }]) => [
        input,
        data instanceof BigInt64Array ? new Tensor("int64", data, dims) : new Tensor(data as Float32Array, dims),
      ]),
    ),
  );
  await session.release();
  const found = (await Network.load(bytes)).run(feeds);
  for (const [output, { dims, data }] of Object.entries(right)) {
    expect(found[output].dims).toEqual(dims);
    const numbers = Array.from(data as Float32Array);
    const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const apart = numbers.reduce((a, b, i) => Math.max(a, Math.abs(b - Number(found[output].data[i]))), 0);
    expect(apart / most, output).toBeLessThan(1e-4);
  }
});
