import type { JudgedBatch, Tally } from "./measure.ts";
import { logSumExp, scoresOf } from "./scores.ts";
import type { MeanLoss } from "./task.ts";

/** The mean softmax cross-entropy of labels: -log softmax(z)_label. */
export class CrossEntropyTally implements Tally<MeanLoss> {
  #labels = 0;
  #sum = 0;

  add(batch: JudgedBatch): void {
    for (const { scores, label } of scoresOf(batch)) {
      const { log, largest } = logSumExp(scores);
      this.#sum += log + largest - scores[label];
      this.#labels++;
    }
  }

  result(): MeanLoss {
    return { loss: this.#sum / this.#labels, samples: this.#labels };
  }
}
