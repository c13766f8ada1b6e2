import { UserError } from "../errors.ts";
import { toFloat32 } from "../onnx/half.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { arraySplit, type SampleArray } from "./array-split.ts";
import { type Dataset, heldBack, type Split, type TensorSpec } from "./dataset.ts";
import { fileName } from "./file-name.ts";
import { checkFinite } from "./finite.ts";
import { classLabels } from "./labels.ts";
import { readNpy } from "./npy.ts";
import { unpackNpz } from "./unpack-npz.ts";

/** The array of samples, where they are not under the names of a network's inputs, and that of targets. */
const SAMPLES = "x";
const TARGETS = "y";

const PARTS = ["train", "validation", "test"] as const;
type Part = (typeof PARTS)[number];

/** What of all samples without parts is for validation, and as much again for the test. */
const HELD_BACK = 1 / 10;

/** How an archive becomes samples. */
export interface NpzOptions {
  /** The names of the network's inputs: where the archive has one of them, it is asked for these alone and "y". */
  readonly inputs?: readonly string[];
}

/**
 * A dataset in a NumPy archive, of arrays [n, ...shape] whose names are those of a network's inputs, or "x" for the only
 * one, and "y" for targets where there are any; each with its part behind it: x_train, y_train, x_test, y_test, and
 * x_validation, y_validation or else the last twelfth of the training samples. Arrays without parts are divided: a tenth
 * each to validate on and to test on, from the end.
 *
 * "x" is float32: bytes are scaled to 0 to 1, but for a network that takes bytes; other numbers are taken as they are;
 * all other inputs keep their own element type, halves as float32. Whole numbers in "y" are classes from 0, one for a
 * sample or several; floats are values.
 * @param path how messages name the archive
 * @throws UserError when an array is missing, damaged, not finite or does not fit the others
 */
export function readNpz(bytes: Uint8Array, path: string, { inputs = [] }: NpzOptions = {}): Dataset {
  const files = unpackNpz(bytes, path);
  const names = tensorNames([...files.keys()], inputs, path);
  const arrays = new Map<string, NumericTensor>();
  for (const name of names.flatMap((name) => ["", ...PARTS.map((part) => `_${part}`)].map((suffix) => name + suffix))) {
    const file = files.get(name);
    if (file) arrays.set(name, readNpy(file, `${path}: ${name}.npy`));
  }
  const archive = { path, arrays, names, classified: isClassified(arrays) };
  const parts = new Map(
    PARTS.flatMap((part) => {
      const found = partOf(archive, part);
      return found ? [[part, found] as const] : [];
    }),
  );
  const train = parts.get("train");
  if (!train) return divided(partNamed(archive, ""), path);
  const test = parts.get("test");
  if (!test) throw new UserError(`${path} has no ${names[0]}_test: save all arrays with their parts.`);
  const own = parts.get("validation");
  for (const other of [test, own]) checkShapes(train, other, path);
  const learned = own ? train.size : train.size - heldBack(train.size, path);
  return {
    ...aboutOf([train, test, ...(own ? [own] : [])], path),
    train: train.split(0, learned),
    validation: own ? own.split(0, own.size) : train.split(learned, train.size),
    test: test.split(0, test.size),
  };
}

/** The arrays of one part of the samples. */
interface Samples {
  readonly size: number;
  readonly inputs: readonly TensorSpec[];
  readonly targets: readonly TensorSpec[];
  readonly classes?: number;
  split(start: number, end: number): Split;
}

function aboutOf(parts: readonly Samples[], path: string) {
  const [{ targets }] = parts;
  // Only what all parts store in one type is read in it.
  const inputs = parts[0].inputs.map(({ stored, ...spec }, i) =>
    stored && parts.every((part) => part.inputs[i].stored === stored) ? { ...spec, stored } : spec,
  );
  const classes = parts.flatMap((part) => part.classes ?? []);
  return { name: fileName(path), inputs, targets, classes: classes.length > 0 ? Math.max(...classes) : undefined };
}

function divided(all: Samples, path: string): Dataset {
  const held = Math.max(1, Math.round(HELD_BACK * all.size));
  const [learned, chosen] = [all.size - 2 * held, all.size - held];
  if (learned < 1) throw new UserError(`${path} has ${all.size} samples, too few to divide: give more.`);
  return {
    ...aboutOf([all], path),
    train: all.split(0, learned),
    validation: all.split(learned, chosen),
    test: all.split(chosen, all.size),
  };
}

/** The names of the tensors that are read of an archive, without their parts. */
function tensorNames(named: readonly string[], inputs: readonly string[], path: string): readonly string[] {
  const inParts = named.flatMap((name) => (name.endsWith("_train") ? [name.slice(0, -"_train".length)] : []));
  const all = inParts.length > 0 ? inParts : named;
  const asked = all.filter((name) => inputs.includes(name));
  const names = asked.length > 0 ? all.filter((name) => name === TARGETS || inputs.includes(name)) : all;
  if (names.includes("__proto__")) throw new UserError(`${path} has an array called __proto__: call it otherwise.`);
  if (names.some((name) => name !== TARGETS)) return names;
  throw new UserError(
    `${path} has no ${SAMPLES}_train, nor arrays by the names of a network's inputs (it has ${named.join(", ") || "none"}): save some.`,
  );
}

/** Returns true if the targets are whole numbers, so classes. */
function isClassified(arrays: ReadonlyMap<string, NumericTensor>): boolean {
  const targets = arrays.get(`${TARGETS}_train`) ?? arrays.get(TARGETS);
  return targets !== undefined && !toFloat32(targets);
}

interface Archive {
  readonly path: string;
  readonly arrays: ReadonlyMap<string, NumericTensor>;
  /** The names of its tensors, without their parts. */
  readonly names: readonly string[];
  readonly classified: boolean;
}

function partOf(archive: Archive, part: Part): Samples | undefined {
  const some = archive.names.some((name) => archive.arrays.has(`${name}_${part}`));
  return some ? partNamed(archive, `_${part}`) : undefined;
}

function partNamed({ path, arrays, names, classified }: Archive, suffix: string): Samples {
  const [first = SAMPLES] = names.filter((name) => name !== TARGETS);
  const find = (name: string): NumericTensor => {
    const found = arrays.get(name + suffix);
    if (!found) throw new UserError(`${path} has no ${name}${suffix}: save the array under this name.`);
    if (found.dims.length > 0 && found.dims.every((dim) => dim > 0)) return found;
    throw new UserError(`In ${path} ${name}${suffix} is [${found.dims}]: give samples [n, ...].`);
  };
  const [size] = find(first).dims;
  const inputs: TensorSpec[] = [];
  const targets: TensorSpec[] = [];
  const samples: Record<string, SampleArray> = {};
  let classes: number | undefined;
  for (const name of names) {
    const array = find(name);
    const [count, ...shape] = array.dims;
    checkFinite(array, `In ${path} ${name}${suffix}`);
    if (count !== size) {
      throw new UserError(
        `In ${path} ${first}${suffix} is [${find(first).dims}] and ${name}${suffix} is [${array.dims}]: give one of each to every sample.`,
      );
    }
    if (name === TARGETS) {
      const labels = targetsIn(array, classified, `In ${path} ${name}${suffix}`);
      classes = labels.classes;
      targets.push({ name, dtype: labels.dtype, shape });
      samples[name] = { values: labels.data, size: sizeOf(shape) };
    } else {
      const { dtype, data, scale } = name === SAMPLES ? numbersIn(array) : { ...plain(array), scale: 1 };
      inputs.push({ name, dtype, shape, ...(scale !== 1 && { stored: array.dtype }) });
      samples[name] = { values: data, size: sizeOf(shape), scale };
    }
  }
  return { size, inputs, targets, classes, split: (start, end) => arraySplit(samples, start, end) };
}

/** Halves as float32, all others as they are. */
function plain(array: NumericTensor): NumericTensor {
  return array.dtype === "float16" ? (toFloat32(array) ?? array) : array;
}

/** Samples that may be pixels: bytes are brought to 0 to 1, floats are float32. */
function numbersIn(array: NumericTensor) {
  const { dtype, data } = toFloat32(array) ?? array;
  return dtype === "uint8" ? ({ dtype: "float32", data, scale: 1 / 255 } as const) : { dtype, data, scale: 1 };
}

/** Targets as class numbers, or as values. */
function targetsIn(array: NumericTensor, classified: boolean, where: string) {
  if (!classified) return { ...(toFloat32(array) ?? array), classes: undefined };
  const { labels, classes } = classLabels(array.data, where);
  return { dtype: "int32", data: labels, classes } as const;
}

function checkShapes(train: Samples, other: Samples | undefined, path: string): void {
  if (!other) return;
  for (const kind of ["inputs", "targets"] as const) {
    for (const [i, { name, shape, dtype }] of train[kind].entries()) {
      const found = other[kind][i];
      if (found.shape.join() !== shape.join()) {
        throw new UserError(
          `${path} has training samples of [${shape}] and others of [${found.shape}] in ${name}: give all one shape.`,
        );
      }
      if (found.dtype !== dtype) {
        throw new UserError(`${path} has ${name} of ${dtype} to train on and others of ${found.dtype}: save one type.`);
      }
    }
  }
}
