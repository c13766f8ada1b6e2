import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type Contents, contentsOf, decode, isEsp } from "espalier-runtime/codec";
import { type Adopted, adopt } from "../adoption/adopt.ts";
import { sampleForm } from "../adoption/samples.ts";
import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { writeModel } from "../onnx/write.ts";
import { countAll } from "../pruning/mask.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import type { DataFlags } from "./data-options.ts";
import { externalFiles } from "./external.ts";
import { readFile } from "./files.ts";
import { note } from "./print.ts";

/** A model file with a digest that tells it from others. */
export interface OpenedModel {
  readonly model: Model;
  readonly name: string;
  /** The size on disk, with the files beside it that hold weights. */
  readonly bytes: number;
  /** The model in one file. */
  readonly contents: Uint8Array;
  readonly digest: string;
  /** Of an .esp file, where its bytes go. */
  readonly coded?: Contents;
}

/** Reads the .onnx or .esp file that the user named, with the weights that lie in files beside it. */
export function openModel(path: string): OpenedModel {
  const file = readFile(path);
  const coded = isEsp(file) ? contentsOf(file, path) : undefined;
  const contents = coded ? decode(file, path) : file;
  const hash = createHash("sha256").update(contents);
  const external = externalFiles(path, (part) => hash.update(part));
  const model = readModel(contents, path, external.read);
  const beside = external.bytes();
  return {
    model,
    name: basename(path).replace(/\.(onnx|esp)$/, ""),
    bytes: file.length + beside,
    coded,
    contents: beside > 0 ? writeModel(model) : contents,
    digest: hash.digest("hex").slice(0, 16),
  };
}

/**
 * Brings an opened model into the form in which it is evaluated and trained on data, and tells what was done for that.
 * `model` is that form, and `restore` leads back to the file's.
 */
export async function openNetwork<Opened extends Pick<OpenedModel, "model">>(
  opened: Opened,
  engine: Engine,
  data: Pick<LearningData, "sampleShape" | "inputs" | "train">,
  { output }: Pick<DataFlags, "output">,
): Promise<Omit<Opened, "model"> & Adopted> {
  const adopted = await adopt(engine, opened.model, { ...sampleForm(data), output });
  for (const text of adopted.notes) note(text);
  return { ...opened, ...adopted };
}

/** Counts a network's parameters: every weight and bias, and those that are not zero. */
export function countParameters(model: Model): { parameters: number; nonzero: number } {
  return countAll(parametersOf(model, trainableParameters(model)));
}
