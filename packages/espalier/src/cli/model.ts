import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type ModelFile, readModelFile } from "../library/model-file.ts";
import { writeModel } from "../onnx/write.ts";
import { externalFiles } from "./external.ts";
import { readFile } from "./files.ts";

/** A model file with a digest that tells it from others. */
export interface OpenedModel extends ModelFile {
  readonly name: string;
  /** The size on disk, with the files beside it that hold weights. */
  readonly bytes: number;
  readonly digest: string;
}

/** Reads the .onnx or .esp file that the user named, with the weights that lie in files beside it. */
export function openModel(path: string): OpenedModel {
  const file = readFile(path);
  const parts: Uint8Array[] = [];
  const external = externalFiles(path, (part) => parts.push(part));
  const { model, contents, coded } = readModelFile(file, path, external.read);
  const hash = createHash("sha256").update(contents);
  for (const part of parts) hash.update(part);
  const beside = external.bytes();
  return {
    model,
    name: basename(path).replace(/\.(onnx|esp)$/, ""),
    bytes: file.length + beside,
    coded,
    // In one file, with the weights that lie beside it.
    contents: beside > 0 ? writeModel(model) : contents,
    digest: hash.digest("hex").slice(0, 16),
  };
}
