import { absoluteError, binaryCrossEntropy, crossEntropy, type Loss } from "./loss.ts";
import type { JudgedBatch, Tally } from "./measure.ts";
import { rowsOf } from "./rows.ts";
import { logSumExp } from "./scores.ts";
import type { MeanLoss } from "./task.ts";

/** What one sample adds to a loss. */
type SampleLoss = (output: Float32Array, target: Float32Array) => number;

/** ||y - t||^2 / 2. */
const squared: SampleLoss = (output, target) => {
  let sum = 0;
  for (let i = 0; i < output.length; i++) sum += (output[i] - target[i]) ** 2;
  return sum / 2;
};

/** sum |y - t|. */
const absolute: SampleLoss = (output, target) => {
  let sum = 0;
  for (let i = 0; i < output.length; i++) sum += Math.abs(output[i] - target[i]);
  return sum;
};

/** -sum_c t_c log softmax(z)_c. */
const entropy: SampleLoss = (output, target) => {
  const { log, largest } = logSumExp(output);
  let sum = 0;
  for (let i = 0; i < output.length; i++) sum += target[i] * (log + largest - output[i]);
  return sum;
};

/** sum_i max(z_i, 0) - z_i t_i + log(1 + exp(-|z_i|)). */
const binaryEntropy: SampleLoss = (output, target) => {
  let sum = 0;
  for (let i = 0; i < output.length; i++) {
    const z = output[i];
    sum += Math.max(z, 0) - z * target[i] + Math.log1p(Math.exp(-Math.abs(z)));
  }
  return sum;
};

const known = new Map<Loss, SampleLoss>([
  [crossEntropy, entropy],
  [binaryCrossEntropy, binaryEntropy],
  [absoluteError, absolute],
]);

/** Adds up a loss of values over samples: squared error for a loss that is not one of those here. */
export function lossTallyOf(loss: Loss): Tally<MeanLoss> {
  const lossOf = known.get(loss) ?? squared;
  let sum = 0;
  let samples = 0;
  return {
    add(batch: JudgedBatch) {
      for (const { output, target } of rowsOf(batch)) {
        sum += lossOf(output, target);
        samples++;
      }
    },
    result: () => ({ loss: sum / samples, samples }),
  };
}
