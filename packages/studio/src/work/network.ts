import { importCaffeFiles, type Model, readModelFile, UserError, writeModel } from "espalier";
import type { Dropped } from "./keep.ts";

/** A network that was read. */
export interface ReadNetwork {
  readonly model: Model;
  /** The file's name, with which a command line would begin. */
  readonly source: string;
  /** The .onnx file: where that was dropped it stays where it lies. */
  readonly onnx: Blob;
  /** Bytes of the .esp file, where one was dropped. */
  readonly esp?: number;
}

/** An ONNX file ends at 2 GB, and a page has not much more. */
const LARGEST = 2 ** 31 - 1;

/**
 * Reads what was dropped: an .onnx, with the files beside it that hold weights; an .esp; or a Caffe network.
 * @throws UserError when there is no network among the files, or it cannot be read
 */
export async function readNetwork(dropped: readonly Dropped[]): Promise<ReadNetwork> {
  const ending = (pattern: RegExp) => dropped.find(({ path }) => pattern.test(path));
  const prototxt = ending(/\.prototxt$/i);
  if (prototxt) return readCaffe(dropped, prototxt);
  const found = ending(/\.(onnx|esp)$/i);
  if (!found) {
    const names = dropped.map(({ path }) => path).slice(0, 3);
    throw new UserError(
      ending(/\.caffemodel$/i)
        ? "The weights of a Caffe network need its layers: drop the .prototxt together with the .caffemodel."
        : `There is no network in ${names.join(", ") || "what was dropped"}: drop an .onnx or .esp file, or a .prototxt with its .caffemodel.`,
    );
  }
  const source = nameOf(found.path);
  const beside = new Map<string, Uint8Array>();
  for (const other of dropped) {
    if (other !== found && /\.(data|bin|weights?|onnx_data)$/i.test(other.path)) {
      beside.set(nameOf(other.path), await bytesOf(other));
    }
  }
  const external =
    beside.size === 0
      ? undefined
      : (location: string, at: number, length: number) => part(beside, location, at, length);
  const { model, contents, coded } = readModelFile(await bytesOf(found), source, external);
  if (coded) return { model, source, onnx: blobOf(contents), esp: found.file.size };
  return { model, source, onnx: external ? blobOf(writeModel(model)) : found.file };
}

async function readCaffe(dropped: readonly Dropped[], prototxt: Dropped): Promise<ReadNetwork> {
  const named = async (pattern: RegExp) => {
    const found = dropped.find(({ path }) => pattern.test(path));
    return found && { name: nameOf(found.path), bytes: await bytesOf(found) };
  };
  const caffemodel = await named(/\.caffemodel$/i);
  const deepCompression = await named(/\.net$/i);
  if (!caffemodel && !deepCompression) {
    throw new UserError(`${nameOf(prototxt.path)} has no weights: drop its .caffemodel (or .net) together with it.`);
  }
  const { model } = importCaffeFiles({
    prototxt: { name: nameOf(prototxt.path), bytes: await bytesOf(prototxt) },
    caffemodel,
    deepCompression,
    mean: await named(/\.binaryproto$/i),
  });
  return { model, source: nameOf(prototxt.path).replace(/\.prototxt$/i, ".onnx"), onnx: blobOf(writeModel(model)) };
}

function part(files: ReadonlyMap<string, Uint8Array>, location: string, at: number, length: number): Uint8Array {
  const file = files.get(nameOf(location));
  if (!file)
    throw new UserError(`Weights lie in "${location}", which was not dropped: drop it together with the model.`);
  return file.subarray(at, at + length);
}

/** The last part of a path. */
export const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** @throws UserError for a file that is too large, or gone */
export async function bytesOf({ path, file }: Dropped): Promise<Uint8Array> {
  if (file.size > LARGEST)
    throw new UserError(`${path} is over 2 GB, which a page has no room for: use the command line.`);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new UserError(
      `${path} cannot be read any more: it was changed or moved since it was dropped; drop it again.`,
    );
  }
}

/** A file in the browser's hands. */
export const blobOf = (bytes: Uint8Array | string) =>
  new Blob([typeof bytes === "string" ? bytes : new Uint8Array(bytes)], { type: "application/octet-stream" });

/** The inputs that a network is given: weights may be listed among its inputs too. */
export const givenInputs = ({ inputs, initializers }: Model) => inputs.filter(({ name }) => !initializers.has(name));
