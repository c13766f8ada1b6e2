import { batchOf, type Dataset, type Split } from "../data/dataset.ts";
import { numbersOf } from "../tasks/fidelity/fidelity.ts";

/** A tensor of one sample, as numbers to look at. */
export interface SampleTensor {
  /** What the network, or the data, calls it. */
  readonly name: string;
  /** Without the batch. */
  readonly shape: readonly number[];
  /** Its elements. */
  readonly values: Float32Array;
}

/** The tensors of one sample of some data, to look at: what of it a network is given. */
export async function sampleTensors(
  { inputs }: Pick<Dataset, "inputs">,
  split: Split,
  index: number,
): Promise<SampleTensor[]> {
  const { arrays, tensors } = batchOf(inputs, 1);
  await split.read([index], arrays);
  return inputs.map(({ name, shape }) => ({ name, shape, values: numbersOf(tensors[name]) }));
}
