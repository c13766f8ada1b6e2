import type { Head } from "../adoption/heads.ts";
import type { OutputForm } from "../adoption/outputs.ts";
import type { TensorSpec } from "../data/dataset.ts";
import { floatsOf, sizeOf } from "../onnx/tensor.ts";
import { addDivergence, divergenceOf } from "./imitation/divergence.ts";
import type { JudgedBatch, Measure, Tally } from "./measure.ts";
import type { MeanLoss, Task } from "./task.ts";

/** An output that is imitated. */
export interface Imitated {
  readonly head: Head;
  /** How much it counts; default: 1. */
  readonly weight?: number;
  /** What its loss is divided by: how much the output says, in the unit of its loss. */
  readonly spread: number;
}

/** All outputs, as they are. */
export const ALL: OutputForm = { kind: "all" };

/** The name of the tensor that holds what an output is to be. */
export const wantedOf = (output: string) => `wanted/${output}`;

/**
 * The targets of some outputs: each a flat list of numbers for a sample.
 * @param samples for which the heads are typed
 */
export function imitationTargets(heads: readonly Head[], samples: number): TensorSpec[] {
  return heads.map(({ name, shape }) => ({
    name: wantedOf(name),
    dtype: "float32",
    shape: [sizeOf(shape) / samples],
  }));
}

/**
 * To say what a network said before it was touched (distillation: Hinton et al., arXiv 1503.02531): targets are its own
 * outputs, before the Softmax or Sigmoid that they end in. The loss is, summed over outputs, the divergence of the
 * distributions, or the squared error of values, each in units of how much the output says: it is 1 for an output that
 * always is the mean. Outputs of whole numbers are only compared.
 * @param outputs all of the network's, in order
 * @param samples for which their heads are typed
 */
export function imitate(outputs: readonly Imitated[], samples: number, measure: Measure): Task {
  const heads = outputs.map(({ head }) => head);
  const targets = imitationTargets(heads, samples);
  const factors = outputs.map(({ weight = 1, spread }) => weight / spread);
  return {
    name: "imitate",
    // What is imitated went by the running statistics.
    batchNorm: "frozen",
    measure,
    form: ALL,
    targets: () => targets,
    loss(graph, found, wanted) {
      const terms = outputs.flatMap(({ head }, i) => {
        if (head.kind === "whole") return [];
        const numbers = sizeOf(found[i].shape);
        const divergence = addDivergence(graph, head, found[i].name, wanted[i].name, numbers);
        return [graph.emit("Mul", [divergence, graph.scalar("float32", factors[i])])];
      });
      return terms.reduce((sum, term) => graph.emit("Add", [sum, term]));
    },
    lossTally: () => new ImitationTally(heads, factors),
  };
}

/** The mean over samples of the loss by which a network imitates another. */
export class ImitationTally implements Tally<MeanLoss> {
  readonly #heads: readonly Head[];
  readonly #factors: readonly number[];
  #samples = 0;
  #sum = 0;

  constructor(heads: readonly Head[], factors: readonly number[]) {
    this.#heads = heads;
    this.#factors = factors;
  }

  add({ outputs, targets, samples, batch = targets[0].dims[0] }: JudgedBatch): void {
    for (const [i, head] of this.#heads.entries()) {
      if (head.kind === "whole") continue;
      const [own, wanted] = [outputs[i], targets[i]].map((tensor) => {
        const all = floatsOf(tensor);
        return all.subarray(0, (samples * all.length) / batch);
      });
      this.#sum += samples * this.#factors[i] * divergenceOf(head, own, wanted);
    }
    this.#samples += samples;
  }

  result(): MeanLoss {
    return { loss: this.#sum / this.#samples, samples: this.#samples };
  }
}
