import { type Contents, contentsOf, decode, isEsp } from "espalier-runtime/codec";
import type { ExternalReader } from "../onnx/external.ts";
import type { Model } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";

/** A model with the file that it was read from. */
export interface ModelFile {
  /** The network. */
  readonly model: Model;
  /** The .onnx file: of an .esp file what it decodes to. */
  readonly contents: Uint8Array;
  /** Of an .esp file, where its bytes go. */
  readonly coded?: Contents;
}

/**
 * Reads an .onnx or .esp file.
 * @param source how messages name the file
 * @param external reads parts of files beside it that hold weights; default: they are refused
 * @throws UserError when the bytes are not a model
 */
export function readModelFile(file: Uint8Array, source?: string, external?: ExternalReader): ModelFile {
  const coded = isEsp(file) ? contentsOf(file, source) : undefined;
  const contents = coded ? decode(file, source) : file;
  return { model: readModel(contents, source, external), contents, coded };
}
