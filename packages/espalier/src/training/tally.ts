import type { Split } from "../data/dataset.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";

/** How well a network does on a split. Percentages are 0 to 100. */
export interface Evaluation {
  /** Labels, of which a sequence has one for each step. */
  readonly samples: number;
  /** Samples whose label has the highest score, percent. */
  readonly top1: number;
  /** Samples whose label is among the five highest scores, percent. */
  readonly top5: number;
  /** 100 - top1. */
  readonly error: number;
  /** Mean softmax cross-entropy. */
  readonly loss: number;
}

/** How well a network tells what follows in a text. */
export interface TextMeasures {
  /** The cross-entropy of all tokens in bits, by the characters that they stand for. */
  readonly bitsPerCharacter: number;
  /** e to the mean cross-entropy of a token. */
  readonly perplexity: number;
}

/** What an evaluation on a split of a text says of it; undefined for other data. */
export function textMeasures({ samples, loss }: Evaluation, { characters }: Split): TextMeasures | undefined {
  if (characters === undefined) return undefined;
  return { bitsPerCharacter: (loss * samples) / (Math.LN2 * characters), perplexity: Math.exp(loss) };
}

/** Counts how well scores fit labels, batch by batch. */
export class Tally {
  #samples = 0;
  #top1 = 0;
  #top5 = 0;
  #loss = 0;

  /**
   * Counts a batch.
   * @param scores [batch, classes] or [batch, steps, classes], of which only as many rows count as there are labels
   */
  add({ data, dims }: NumericTensor, labels: Int32Array): void {
    const classes = dims.length === 3 ? dims[2] : sizeOf(dims.slice(1));
    for (const [i, label] of labels.entries()) {
      this.#count(data.subarray(i * classes, (i + 1) * classes) as Float32Array, label);
    }
  }

  #count(scores: Float32Array, label: number): void {
    const own = scores[label];
    let higher = 0;
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < scores.length; c++) {
      if (scores[c] > own || (scores[c] === own && c < label)) higher++;
      if (scores[c] > largest) largest = scores[c];
    }
    let sum = 0;
    for (let c = 0; c < scores.length; c++) sum += Math.exp(scores[c] - largest);
    this.#samples++;
    this.#loss += Math.log(sum) + largest - own;
    // A score that is not a number is above nothing and must not count as right.
    if (higher === 0 && own === largest) this.#top1++;
    if (higher < 5 && !Number.isNaN(own)) this.#top5++;
  }

  evaluation(): Evaluation {
    const percent = (count: number) => (100 * count) / this.#samples;
    return {
      samples: this.#samples,
      top1: percent(this.#top1),
      top5: percent(this.#top5),
      error: percent(this.#samples - this.#top1),
      loss: this.#loss / this.#samples,
    };
  }
}
