import { basename } from "node:path";
import { unzipSync } from "fflate";
import { UserError } from "../errors.ts";
import { arraySplit, type Samples } from "./array-split.ts";
import type { Dataset } from "./dataset.ts";
import { type NpyArray, readNpy } from "./npy.ts";
import { readDataFile } from "./read-file.ts";

/** No archive may unpack to more. */
const LARGEST = 2 ** 31 - 1;

/**
 * A dataset in a NumPy archive: x_train, y_train, x_test, y_test, and x_validation, y_validation or else the last
 * twelfth of the training samples. Samples are [n, ...shape]; bytes are scaled to 0 to 1, other numbers are taken as
 * they are. Labels are whole numbers from 0.
 * @throws UserError when an array is missing, damaged or does not fit the others
 */
export function openNpz(path: string): Dataset {
  const arrays = unpack(path);
  const part = (name: string) => samplesOf(arrays, name, path);
  const train = part("train");
  const test = part("test");
  const own = arrays.has("x_validation") ? part("validation") : undefined;
  for (const other of [test, own]) {
    if (other && other.shape.join() !== train.shape.join()) {
      throw new UserError(
        `${path} has training samples of [${train.shape}] and others of [${other.shape}]: give all one shape.`,
      );
    }
  }
  const size = train.samples.labels.length;
  const learned = own ? size : size - Math.floor(size / 12);
  return {
    name: basename(path),
    sampleShape: train.shape,
    classes: Math.max(train.classes, test.classes, own?.classes ?? 0),
    train: arraySplit(train.samples, 0, learned),
    validation: own ? arraySplit(own.samples, 0, own.samples.labels.length) : arraySplit(train.samples, learned, size),
    test: arraySplit(test.samples, 0, test.samples.labels.length),
  };
}

function unpack(path: string): Map<string, NpyArray> {
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
    throw new UserError(`${path} is no NumPy archive, or a damaged one (${reason}): save it with numpy.savez.`);
  }
  return new Map(
    Object.entries(files).map(([name, bytes]) => [name.slice(0, -".npy".length), readNpy(bytes, `${path}: ${name}`)]),
  );
}

function samplesOf(arrays: ReadonlyMap<string, NpyArray>, part: string, path: string) {
  const x = arrays.get(`x_${part}`);
  const y = arrays.get(`y_${part}`);
  if (!x || !y) throw new UserError(`${path} has no x_${part} and y_${part}: save the arrays under these names.`);
  const [count, ...shape] = x.shape;
  if (shape.length === 0 || y.shape.length !== 1 || y.shape[0] !== count || count === 0) {
    throw new UserError(
      `In ${path} x_${part} is [${x.shape}] and y_${part} is [${y.shape}]: give one label to each of [n, ...] samples.`,
    );
  }
  let classes = 0;
  for (let i = 0; i < count; i++) {
    const label = y.data[i];
    if (!Number.isInteger(label) || label < 0 || label > 1e6) {
      throw new UserError(`In ${path} y_${part}[${i}] is ${label}: labels are whole numbers from 0.`);
    }
    classes = Math.max(classes, label + 1);
  }
  const sampleSize = x.data.length / count;
  const scale = x.data instanceof Uint8Array ? 1 / 255 : 1;
  const samples: Samples = { values: x.data, labels: y.data, sampleSize, scale };
  return { samples, shape, classes };
}
