import { unzipSync } from "fflate";
import { UserError } from "../errors.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { readNpy } from "./npy.ts";
import { readDataFile } from "./read-file.ts";

/** No archive may unpack to more. */
const LARGEST = 2 ** 31 - 1;

/**
 * The arrays of a NumPy archive by their names.
 * @throws UserError when it cannot be read, is none, or unpacks to over 2 GB
 */
export function unpackNpz(path: string): Map<string, NumericTensor> {
  let left = LARGEST;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(readDataFile(path), {
      // The declared size is checked before anything of it is unpacked.
      filter: ({ name, originalSize }) => {
        left -= originalSize;
        if (left < 0) throw new UserError(`${path} unpacks to over 2 GB: split the data.`);
        return name.endsWith(".npy");
      },
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${path} is not a NumPy archive, or a damaged one (${reason}): save it with numpy.savez.`);
  }
  return new Map(
    Object.entries(files).map(([name, bytes]) => [name.slice(0, -".npy".length), readNpy(bytes, `${path}: ${name}`)]),
  );
}
