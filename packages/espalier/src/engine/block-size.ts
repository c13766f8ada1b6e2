import { ints } from "../onnx/attributes.ts";
import { withBlocks } from "../onnx/blocked/with-blocks.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { FeedableModel } from "../onnx/typed.ts";
import { writeModel } from "../onnx/write.ts";
import { random } from "../random.ts";
import type { Ort } from "./ort-program.ts";

/** With AVX-512, and with less. The channels below are a multiple of each. */
const SIZES = [16, 8];
const IMAGE = [1, 32, 32, 32];
const FILTER = [32, 32, 3, 3];
/** How far sums in another order may differ, of products that add up to about 10. */
const ROUNDING = 1e-3;

/**
 * Finds how many channels lie side by side in a runtime's blocked convolutions. It does not tell, and with another
 * number it computes something else without a word: so it is the number with which the result is that of the plain
 * convolution.
 */
export async function findBlockSize(ort: Ort): Promise<number | undefined> {
  const plain = await convolved(ort, convolution());
  for (const size of SIZES) {
    const result = await convolved(ort, withBlocks(convolution(), size, ["y"])).catch(() => []);
    if (result.length > 0 && result.every((value, i) => Math.abs(value - plain[i]) < ROUNDING)) return size;
  }
  return undefined;
}

function convolution(): FeedableModel {
  const inputs = [
    { name: "x", dtype: "float32", shape: IMAGE },
    { name: "w", dtype: "float32", shape: FILTER },
  ] as const;
  const model: FeedableModel = { ...emptyModel("blocks"), inputs: [...inputs] };
  new GraphBuilder(model).emit("Conv", ["x", "w"], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }, "y");
  model.outputs = [{ name: "y", dtype: "float32", shape: IMAGE }];
  return model;
}

async function convolved(ort: Ort, model: FeedableModel): Promise<number[]> {
  const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const { normal } = random(1, "block size");
    const tensor = (dims: number[]) =>
      new ort.Tensor("float32", Float32Array.from({ length: sizeOf(dims) }, normal), dims);
    const { y } = await session.run({ x: tensor(IMAGE), w: tensor(FILTER) });
    return Array.from<number | bigint | string, number>(y.data, Number);
  } finally {
    await session.release();
  }
}
