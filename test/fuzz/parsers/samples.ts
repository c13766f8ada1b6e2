import { batchOf, type Dataset } from "../../../packages/espalier/src/data/dataset.ts";
import { sizeOf } from "../../../packages/espalier/src/onnx/tensor.ts";

/** A whole file's samples are smaller. */
const MOST_ELEMENTS = 2 ** 16;

/**
 * Reads the first and the last sample of each part, as training would.
 * @throws Error where a part has none, or its sizes are none
 */
export async function readSome({ inputs, targets, train, validation, test }: Dataset): Promise<void> {
  const specs = [...inputs, ...targets];
  for (const { size, read } of [train, validation, test]) {
    if (!(Number.isSafeInteger(size) && size > 0)) throw new Error(`A part has ${size} samples.`);
    if (specs.some(({ shape }) => !(sizeOf(shape) <= MOST_ELEMENTS)))
      throw new Error("A sample is larger than its file.");
    await read(Uint32Array.of(0, size - 1), batchOf(specs, 2).arrays);
  }
}
