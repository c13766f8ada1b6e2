import { sizeOf } from "../onnx/tensor.ts";
import type { JudgedBatch } from "./measure.ts";

/**
 * The scores of each label of a batch, [batch, classes] or [batch, steps, classes] against labels [batch] or
 * [batch, steps].
 */
export function* scoresOf({ outputs: [{ data, dims }], targets: [labels], samples }: JudgedBatch) {
  const count = samples * sizeOf(labels.dims.slice(1));
  const classes = data.length / labels.data.length;
  if (!(data instanceof Float32Array)) throw new Error(`Scores [${dims}] are no float32.`);
  for (let i = 0; i < count; i++) {
    yield { scores: data.subarray(i * classes, (i + 1) * classes), label: Number(labels.data[i]) };
  }
}

/** log sum_c exp(z_c), from the largest score on so that nothing overflows, in two parts: the logarithm and the largest. */
export function logSumExp(scores: Float32Array): { readonly log: number; readonly largest: number } {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < scores.length; c++) if (scores[c] > largest) largest = scores[c];
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += Math.exp(scores[c] - largest);
  return { log: Math.log(sum), largest };
}
