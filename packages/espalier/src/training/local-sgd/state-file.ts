import { UserError } from "../../errors.ts";
import type { TensorData } from "../../onnx/dtype.ts";
import type { NumericTensor } from "../../onnx/tensor.ts";
import type { Masks } from "../parameters.ts";
import { TensorFile } from "../tensor-file.ts";
import type { StepState } from "../trainer.ts";

const STATE = "training-state";
const MASKS = "masks";
const SAMPLES = "samples";

/** A state on its way, with a number for each step: of steps to take their learning rates, of those done their losses. */
export interface SentState extends StepState {
  readonly steps: readonly number[];
}

export function writeState({ parameters, statistics, slots, steps }: SentState): Uint8Array {
  const file = new TensorFile(STATE);
  file.put("parameter", parameters);
  file.put("statistic", statistics);
  file.put("slot", slots);
  file.put("steps", new Map([["", { dtype: "float64", dims: [steps.length], data: Float64Array.from(steps) }]]));
  return file.write("");
}

/** @throws UserError when the bytes are something else */
export function readState(bytes: Uint8Array, source: string): SentState {
  const file = TensorFile.read(STATE, bytes, source);
  const steps = file.numbers("steps").get("");
  if (steps?.dtype !== "float64") throw new UserError(`${source} is not a state of this version of Espalier.`);
  return {
    parameters: file.take("parameter"),
    statistics: file.take("statistic"),
    slots: file.take("slot"),
    steps: Array.from(steps.data, Number),
  };
}

export function writeMasks(masks: Masks): Uint8Array {
  const file = new TensorFile(MASKS);
  file.put("mask", masks);
  return file.write("");
}

export function readMasks(bytes: Uint8Array, source: string): Masks {
  return TensorFile.read(MASKS, bytes, source).take("mask");
}

/** Samples by the names under which they are fed: [samples, ...]. */
export function writeSamples(samples: Readonly<Record<string, NumericTensor>>): Uint8Array {
  const file = new TensorFile(SAMPLES);
  file.put("sample", new Map(Object.entries(samples)));
  return file.write("");
}

/** Samples in memory. */
export interface Samples {
  readonly size: number;
  /** By the names under which they are fed, with the elements of one. */
  readonly arrays: ReadonlyMap<string, { readonly values: TensorData; readonly size: number }>;
  readonly byteLength: number;
}

export function readSamples(bytes: Uint8Array, source: string): Samples {
  const tensors = [...TensorFile.read(SAMPLES, bytes, source).numbers("sample")];
  const size = tensors[0]?.[1].dims[0] ?? 0;
  const arrays = tensors.map(([name, { data }]) => [name, { values: data, size: data.length / size }] as const);
  return { size, arrays: new Map(arrays), byteLength: bytes.byteLength };
}
