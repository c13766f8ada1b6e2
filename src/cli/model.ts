import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Model } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { countAll } from "../pruning/mask.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
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
  return countAll(parametersOf(model, trainableParameters(model)));
}
