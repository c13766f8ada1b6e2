import type { NumericTensor } from "../onnx/tensor.ts";
import type { JudgedBatch } from "./measure.ts";

/** The output and the target of each sample of a batch, both float32 and of as many values. */
export function* rowsOf({ outputs: [output], targets: [target], samples }: JudgedBatch) {
  const size = output.data.length / output.dims[0];
  const [found, wanted] = [floatsOf(output), floatsOf(target)];
  for (let i = 0; i < samples; i++) {
    const range = [i * size, (i + 1) * size] as const;
    yield { output: found.subarray(...range), target: wanted.subarray(...range) };
  }
}

function floatsOf({ data, dtype }: NumericTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error(`Values of the type ${dtype} are judged as float32.`);
}
