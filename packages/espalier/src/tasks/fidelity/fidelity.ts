import type { Head } from "../../adoption/heads.ts";
import type { Split } from "../../data/dataset.ts";
import { toFloat32 } from "../../onnx/half.ts";
import { float32, type NumericTensor } from "../../onnx/tensor.ts";
import type { JudgedBatch, Measure, Measured, Tally } from "../measure.ts";
import type { Judge } from "./choose.ts";
import type { Comparison } from "./measure.ts";
import { chanceAt, RatioTally } from "./ratio.ts";
import { relativeError, squaredError } from "./vectors.ts";

/** How far one output is that of another network. */
export interface OutputFidelity {
  readonly name: string;
  /** The measure and its value, in percent. */
  readonly measure: string;
  readonly value: number;
  /** One standard error of the value, from the samples that there were. */
  readonly standardError: number;
  /** ||y - t|| / ||t|| over all samples: 0.01 is a hundredth. */
  readonly relativeError: number;
  /** Whether the samples had nothing to compare: no box, nothing above 0.5. */
  readonly empty: boolean;
  /** Whether it counts for the fidelity of the network; else it is only told. */
  readonly counts: boolean;
}

/** How far a network's outputs are those of another. */
export interface FidelityMeasured extends Measured {
  readonly outputs: readonly OutputFidelity[];
}

/** A measure of fidelity, which tells of each output too. */
export interface Fidelity extends Measure {
  tally(split: Split): Tally<FidelityMeasured>;
}

/** Makes of an output, by its place, what the network as it came gives: probabilities of scores. */
export type Convert = (values: Float32Array, output: number) => Float32Array;

/**
 * Judges a network by how far its outputs are those of another: by the measure that all outputs share, and its worst
 * value among them; where they have different ones by the lowest fidelity, which of a measure of errors is 100% less
 * the error.
 * @param convert default: outputs are as the network gives them
 */
export function fidelityOf(heads: readonly Head[], judges: readonly Judge[], convert?: Convert): Fidelity {
  const counting = judges.filter(({ counts }) => counts);
  const [{ measure: first }] = counting;
  const shared = counting.every(({ measure }) => measure === first);
  const better = shared ? first.better : "higher";
  return {
    name: shared ? first.name : "fidelity",
    unit: "%",
    better,
    tally: () => new FidelityTally(heads, judges, shared, convert),
    chance: (value, { samples }) => chanceAt(better === "higher" ? value : 100 - value, samples),
  };
}

/** A measure of the user's own, over all outputs at once, with how far each is off. */
export function ownFidelity(heads: readonly Head[], measure: Measure, convert?: Convert): Fidelity {
  const judges = heads.map((_, i) => ({ measure: relativeError, outputs: [i], counts: true }));
  return {
    ...measure,
    tally(split) {
      const own = measure.tally(split);
      const errors = new FidelityTally(heads, judges, true);
      return {
        add(batch) {
          const given = convert ? converted(batch, convert) : batch;
          own.add(given);
          errors.add(given);
        },
        result() {
          const { value, figures } = own.result();
          const fidelity = measure.unit === "%" && measure.better === "lower" ? 100 - value : value;
          const standardError = figures.standardError ?? 0;
          const outputs = errors.result().outputs.map((output) => ({ ...output, measure: measure.name, value }));
          return { value, figures: { ...figures, fidelity, standardError }, outputs };
        },
      };
    },
  };
}

/** A batch with all outputs as the network as it came gives them. */
function converted(batch: JudgedBatch, convert: Convert): JudgedBatch {
  const each = (tensors: readonly NumericTensor[]) =>
    tensors.map((tensor, i) => float32(tensor.dims, convert(numbersOf(tensor), i)));
  return { ...batch, outputs: each(batch.outputs), targets: each(batch.targets) };
}

class FidelityTally implements Tally<FidelityMeasured> {
  readonly #heads: readonly Head[];
  readonly #judges: readonly Judge[];
  readonly #shared: boolean;
  readonly #convert: Convert | undefined;
  readonly #comparisons: readonly Comparison[];
  readonly #ratios: readonly RatioTally[];
  readonly #errors: readonly RatioTally[];

  constructor(heads: readonly Head[], judges: readonly Judge[], shared: boolean, convert?: Convert) {
    this.#heads = heads;
    this.#judges = judges;
    this.#shared = shared;
    this.#convert = convert;
    this.#comparisons = judges.map(({ measure, outputs }) => measure.comparison(outputs.map((i) => heads[i])));
    this.#ratios = judges.map(({ measure }) => new RatioTally(measure));
    this.#errors = heads.map(() => new RatioTally({ better: "lower", root: true }));
  }

  add({ outputs, targets, samples, batch = outputs[0].dims[0] }: JudgedBatch): void {
    const [own, wanted] = [outputs, targets].map((tensors) => tensors.map((tensor) => numbersOf(tensor)));
    for (let sample = 0; sample < samples; sample++) {
      const [a, b] = [own, wanted].map((values) => values.map((all, i) => this.#sampleOf(all, i, sample, batch)));
      for (const [i, error] of this.#errors.entries()) error.add(squaredError(a[i], b[i]));
      for (const [j, { outputs: places }] of this.#judges.entries()) {
        const parts = this.#comparisons[j](
          places.map((i) => a[i]),
          places.map((i) => b[i]),
        );
        this.#ratios[j].add(parts);
      }
    }
  }

  #sampleOf(all: Float32Array, output: number, sample: number, batch: number): Float32Array {
    const size = all.length / batch;
    const values = all.subarray(sample * size, (sample + 1) * size);
    return this.#convert ? this.#convert(values, output) : values;
  }

  result(): FidelityMeasured {
    const outputs = this.#heads.map(({ name }, i) => {
      const j = this.#judges.findIndex(({ outputs }) => outputs.includes(i));
      const ratio = this.#ratios[j];
      return {
        name,
        measure: this.#judges[j].measure.name,
        value: ratio.value,
        standardError: ratio.standardError,
        relativeError: this.#errors[i].value / 100,
        empty: ratio.empty,
        counts: this.#judges[j].counts,
      };
    });
    const counting = this.#judges.flatMap(({ measure, counts }, j) => {
      if (!counts) return [];
      const { value, standardError } = this.#ratios[j];
      const fidelity = measure.better === "higher" ? value : Math.max(0, 100 - value);
      return [{ value, standardError, fidelity }];
    });
    const worst = counting.reduce((least, each) => (each.fidelity < least.fidelity ? each : least));
    const { fidelity, standardError } = worst;
    return { value: this.#shared ? worst.value : fidelity, figures: { fidelity, standardError }, outputs };
  }
}

/** A tensor's numbers as float32. */
export function numbersOf(tensor: NumericTensor): Float32Array {
  return toFloat32(tensor)?.data ?? Float32Array.from<number | bigint>(tensor.data, Number);
}
