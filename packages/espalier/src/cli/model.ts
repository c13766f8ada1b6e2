import { createHash } from "node:crypto";
import { basename } from "node:path";
import { STANDARD } from "../data/read-file.ts";
import { fixInputs } from "../library/inputs.ts";
import { type ModelFile, readModelFile } from "../library/model-file.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { modelOptions } from "../library/options/model.ts";
import type { Values } from "../library/options/option.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { externalFiles } from "./external.ts";
import { readFile } from "./files.ts";
import { engineOf } from "./options.ts";

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
    name: path === STANDARD ? "standard input" : basename(path).replace(/\.(onnx|esp)$/, ""),
    bytes: file.length + beside,
    coded,
    // In one file, with the weights that lie beside it.
    contents: beside > 0 ? writeModel(model) : contents,
    digest: hash.digest("hex").slice(0, 16),
  };
}

type FixedOptions = Values<typeof modelOptions> & Values<typeof engineOptions>;

/**
 * {@link openModel}, with its inputs as `--fix` and `--shape` say.
 * @param other a model that may have the inputs that this one lacks: what is said of them is for it alone
 */
export async function openFixed(path: string, options: FixedOptions, other?: string): Promise<OpenedModel> {
  const opened = openModel(path);
  if (options.fix === undefined && options.shape === undefined) return opened;
  const { fix, shape, ...engine } = other === undefined ? options : withoutOthers(options, opened.model, other);
  const model = await fixInputs(engineOf(engine), opened.model, { fix, shape });
  return { ...opened, model, contents: writeModel(model), coded: undefined };
}

/** The options without what they say of inputs that only another model has. */
function withoutOthers({ fix, shape, ...options }: FixedOptions, model: Model, other: string): FixedOptions {
  const names = (of: Model) => new Set(fedInputs(of).map(({ name }) => name));
  const [own, others] = [names(model), names(openModel(other).model)];
  const kept = <T>(given: Readonly<Record<string, T>> | undefined) =>
    given && Object.fromEntries(Object.entries(given).filter(([name]) => own.has(name) || !others.has(name)));
  return { ...options, fix: kept(fix), shape: isSample(shape) ? shape : kept(shape) };
}

function isSample(shape: FixedOptions["shape"]): shape is readonly number[] {
  return Array.isArray(shape);
}
