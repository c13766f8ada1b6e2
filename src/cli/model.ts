import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Model } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { isFloat32, type Tensor } from "../onnx/tensor.ts";
import { countNonzero } from "../pruning/mask.ts";
import { trainableParameters } from "../training/parameters.ts";
import { readFile } from "./files.ts";

/** A model file with a digest that tells it from others. */
export interface OpenedModel {
  readonly model: Model;
  readonly name: string;
  readonly bytes: number;
  readonly contents: Uint8Array;
  readonly digest: string;
}

/** Reads the model that the user named. */
export function openModel(path: string): OpenedModel {
  const contents = readFile(path);
  return {
    model: readModel(contents, path),
    name: basename(path, ".onnx"),
    bytes: contents.length,
    contents,
    digest: createHash("sha256").update(contents).digest("hex").slice(0, 16),
  };
}

/** Counts a network's parameters: every weight and bias, and those that are not zero. */
export function countParameters(model: Model): { parameters: number; nonzero: number } {
  let parameters = 0;
  let nonzero = 0;
  for (const name of trainableParameters(model)) {
    const tensor: Tensor | undefined = model.initializers.get(name);
    if (!isFloat32(tensor)) continue;
    parameters += tensor.data.length;
    nonzero += countNonzero(tensor);
  }
  return { parameters, nonzero };
}
