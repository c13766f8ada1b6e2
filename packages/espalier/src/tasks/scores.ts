import { floatsOf, sizeOf } from "../onnx/tensor.ts";
import type { JudgedBatch } from "./measure.ts";

/**
 * The scores of each label of a batch, [batch, classes] or [batch, steps, classes] against labels [batch] or
 * [batch, steps]; against float distributions of the scores' own shape, the label is the class that is the likeliest.
 */
export function* scoresOf({ outputs: [scores], targets: [labels], samples }: JudgedBatch) {
  const { dims } = scores;
  const data = floatsOf(scores);
  const soft = labels.data instanceof Float32Array ? labels.data : undefined;
  const classes = soft ? dims[dims.length - 1] : data.length / labels.data.length;
  const count = (samples * sizeOf(dims)) / (dims[0] * classes);
  for (let i = 0; i < count; i++) {
    const range = [i * classes, (i + 1) * classes] as const;
    const label = soft ? likeliest(soft.subarray(...range)) : Number(labels.data[i]);
    yield { scores: data.subarray(...range), label };
  }
}

function likeliest(distribution: Float32Array): number {
  let best = 0;
  for (let c = 1; c < distribution.length; c++) if (distribution[c] > distribution[best]) best = c;
  return best;
}

/** log sum_c exp(z_c), from the largest score on so that nothing overflows, in two parts: the logarithm and the largest. */
export function logSumExp(scores: Float32Array): { readonly log: number; readonly largest: number } {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < scores.length; c++) if (scores[c] > largest) largest = scores[c];
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += Math.exp(scores[c] - largest);
  return { log: Math.log(sum), largest };
}
