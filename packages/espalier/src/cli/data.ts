import type { AudioOptions } from "../data/audio/open.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ImageOptions } from "../data/images/open.ts";
import { openDataset } from "../data/spec.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import { kindOf, sampleOptions } from "../library/options/data.ts";
import { type DataKind, metaOf, type Values } from "../library/options/option.ts";
import { preprocessingFor } from "../library/preprocessing.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { flags } from "./command.ts";
import { note } from "./print.ts";

/** What a command says of data: a SPEC, and how it becomes samples. */
type DataOptions<Spec extends string | undefined> = Values<typeof sampleOptions> & { readonly data?: Spec };

/**
 * Opens the data that the options name, for a model; undefined where they name none.
 * @throws UserError when it cannot be read, or options about photographs or texts are given with other data
 */
export function openData(
  options: DataOptions<string> & { readonly data: string },
  model: Model,
  how?: How,
): Promise<Dataset>;
export function openData(
  options: DataOptions<string | undefined>,
  model: Model,
  how?: How,
): Promise<Dataset | undefined>;
export async function openData(options: DataOptions<string | undefined>, model: Model, how: How = {}) {
  checkFits(options);
  const { data, labels, classes, parts, divisionSeed, turnHalf, unit, window, words } = options;
  if (data === undefined) return undefined;
  if (kindOf(data) === "text") {
    const vocabulary = statedVocabulary(model.metadata);
    if (unit !== undefined && vocabulary && unit !== vocabulary.unit) {
      throw new UserError(`The model reads ${vocabulary.unit}, and --unit is ${unit}: leave it out.`);
    }
    return openDataset(data, { unit, window, words, parts, vocabulary });
  }
  if (kindOf(data) === "audio") return openDataset(data, { ...audioOptions(options, model), undivided: how.undivided });
  if (kindOf(data) !== "images") return openDataset(data, { inputs: fedInputs(model).map(({ name }) => name) });
  const { assume = how.unlabeled || how.ignoreLabels, fromScratch = false, ...rest } = how;
  const preprocessing = preprocessingFor(model, options, { assume: assume || fromScratch, onNote: note });
  const shape = model.outputs[0]?.shape?.slice(1) ?? [null];
  const known = !fromScratch && shape.every((dim) => typeof dim === "number");
  const outputs = known ? sizeOf(shape.map(Number)) : undefined;
  return openDataset(data, { preprocessing, labels, classes, parts, divisionSeed, turnHalf, outputs, ...rest });
}

/** How recordings become the network's input: a window is what the input has room for, unless it is given. */
function audioOptions(options: DataOptions<string | undefined>, model: Model): AudioOptions {
  const { hop, context, sampleRate, range, parts, divisionSeed } = options;
  const length = fedInputs(model)[0]?.shape?.at(-1);
  const window = options.window ?? (typeof length === "number" ? length - (context ?? 0) : undefined);
  return { window, hop, context, sampleRate, range, parts, divisionSeed, onNote: note };
}

type How = Pick<ImageOptions, "unlabeled" | "ignoreLabels" | "undivided"> & {
  /** Whether how photographs become the input is chosen where nothing says it; default: where labels are no matter. */
  readonly assume?: boolean;
  /** Whether the model is only how a network that is to be trained would be, so that its scores follow the classes. */
  readonly fromScratch?: boolean;
};

const CALLED = { images: "photographs", text: "texts", audio: "recordings" } as const satisfies Record<
  DataKind,
  string
>;

/** @throws UserError when an option is about one kind of data, and the data is not of it */
function checkFits(options: DataOptions<string | undefined>): void {
  const { data } = options;
  const kind = data === undefined ? undefined : kindOf(data);
  const others = Object.entries(sampleOptions).filter(([name, schema]) => {
    const { about } = metaOf(schema);
    return Object.hasOwn(options, name) && about && !(kind && about.includes(kind));
  });
  if (others.length === 0) return;
  const [[, first]] = others;
  const about = metaOf(first).about?.map((kind) => CALLED[kind]);
  const what = `${flags(others.map(([name]) => name))} is about ${about?.join(" and ")}`;
  throw new UserError(
    data === undefined ? `${what}: give --data too.` : `${what}, and the data is "${data}": leave it out.`,
  );
}
