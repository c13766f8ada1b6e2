import type { Split } from "../data/dataset.ts";
import { floatsOf, type NumericTensor } from "../onnx/tensor.ts";
import type { Evaluator } from "./evaluate.ts";

/** How far a network is from another on the same samples, without any labels. Percentages are 0 to 100. */
export interface Agreement {
  readonly samples: number;
  /** Samples whose highest score is that of the same class, percent. */
  readonly agreement: number;
  /** Mean Kullback-Leibler divergence of its probabilities from the other's. */
  readonly divergence: number;
  /**
   * By how much its top 1 accuracy is below the other's if the other's probabilities are right, percent: the mean of
   * what the other gives to its own first class less what it gives to this network's.
   */
  readonly expectedLoss: number;
  /**
   * Of a network that imitates itself, the measure of which `agreement` is the fidelity and `expectedLoss` what is missing
   * of it; `divergence` is then the loss of imitation. Left out of class scores.
   */
  readonly measure?: string;
}

/** Compares scores with those of a reference, batch by batch. */
export class AgreementTally {
  #samples = 0;
  #agreeing = 0;
  #divergence = 0;
  #loss = 0;

  /**
   * Counts the first `count` samples of a batch of scores of both networks, [batch, classes] or [batch, steps, classes],
   * of which each step counts.
   */
  add(scores: NumericTensor, reference: NumericTensor, count: number = scores.dims[0]): void {
    const { dims } = scores;
    const [data, before] = [floatsOf(scores), floatsOf(reference)];
    const classes = dims[dims.length - 1];
    const rows = (count * data.length) / (dims[0] * classes);
    for (let i = 0; i < rows; i++) {
      const range = [i * classes, (i + 1) * classes] as const;
      this.#count(logSoftmax(data.subarray(...range)), logSoftmax(before.subarray(...range)));
    }
  }

  #count(own: Float64Array, reference: Float64Array): void {
    let [first, wanted] = [0, 0];
    for (let c = 0; c < own.length; c++) {
      if (own[c] > own[first]) first = c;
      if (reference[c] > reference[wanted]) wanted = c;
      const p = Math.exp(reference[c]);
      if (p > 0) this.#divergence += p * (reference[c] - own[c]);
    }
    this.#samples++;
    if (first === wanted) this.#agreeing++;
    this.#loss += Math.exp(reference[wanted]) - Math.exp(reference[first]);
  }

  agreement(): Agreement {
    const mean = (total: number) => total / this.#samples;
    return {
      samples: this.#samples,
      agreement: 100 * mean(this.#agreeing),
      divergence: mean(this.#divergence),
      expectedLoss: 100 * mean(this.#loss),
    };
  }
}

/** A network's scores on a split, to compare others with. */
export async function scoresOn(evaluator: Evaluator, split: Split, signal?: AbortSignal): Promise<NumericTensor[]> {
  const all: NumericTensor[] = [];
  for await (const { outputs } of evaluator.outputs(split, signal)) all.push(outputs[0]);
  return all;
}

/** Compares an evaluator's network with scores that {@link scoresOn} gave on the same split. */
export async function agreementOn(
  evaluator: Evaluator,
  split: Split,
  reference: readonly NumericTensor[],
  signal?: AbortSignal,
): Promise<Agreement> {
  const tally = new AgreementTally();
  let batch = 0;
  for await (const { outputs, samples } of evaluator.outputs(split, signal)) {
    tally.add(outputs[0], reference[batch++], samples);
  }
  return tally.agreement();
}

function logSoftmax(scores: Float32Array): Float64Array {
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  const shift = largest + Math.log(sum);
  return Float64Array.from(scores, (score) => score - shift);
}
