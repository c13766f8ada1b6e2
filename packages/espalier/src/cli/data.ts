import { declaredScores } from "../adoption/scores.ts";
import type { AudioOptions } from "../data/audio/windows.ts";
import type { Dataset } from "../data/dataset.ts";
import { temporaryFile } from "../data/file-store.ts";
import type { ImageOptions } from "../data/images/open.ts";
import { openDataset } from "../data/spec.ts";
import { memory, type Storage } from "../data/store.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import { kindOf, sampleOptions } from "../library/options/data.ts";
import type { engineOptions } from "../library/options/engine.ts";
import { type DataKind, metaOf, type Values } from "../library/options/option.ts";
import { preprocessingFor } from "../library/preprocessing.ts";
import { recordingsFor } from "../library/recordings.ts";
import { through } from "../library/through.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { flags } from "./command.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { note } from "./print.ts";
import { watched } from "./watched.ts";

/** What a command says of data: a SPEC, and how it becomes samples. */
type DataOptions<Spec extends string | undefined> = Values<typeof sampleOptions> &
  Values<typeof engineOptions> & { readonly data?: Spec };

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
  const { through: stage, frames, frameHop } = options;
  if (!stage) return opened(options, model, how);
  const { model: first } = openModel(stage.file);
  const data = await opened(options, first, { ...how, stream: frames !== undefined });
  if (!data) return undefined;
  const { scale, offset } = stage;
  return running(
    ({ signal }) =>
      through(engineOf(options), first, data, { scale, offset, frames, frameHop, storage: roomy, signal }),
    () => `Stopped; not all of the data went through ${stage.file}.`,
  );
}

/** The files that data is read from, as far as options name them: no result is written over one. */
export function dataFiles({
  data,
  labels,
  classes,
  through: stage,
}: DataOptions<string | undefined>): readonly (string | undefined)[] {
  return [data?.replace(/^(npz|text):/, ""), labels, classes, stage?.file];
}

/** Numbers that memory holds: 512 MB; more go into a temporary file until the process ends. */
const MOST_IN_MEMORY = 2 ** 27;

const roomy: Storage = (numbers) => {
  if (numbers <= MOST_IN_MEMORY) return memory(numbers);
  const store = temporaryFile(numbers);
  process.once("exit", () => store.release());
  return store;
};

/** The data as the network that reads it first takes it, which tells how far it is read. */
async function opened(options: DataOptions<string | undefined>, model: Model, how: How): Promise<Dataset | undefined> {
  const data = await plainly(options, model, how);
  return data && watched(data);
}

async function plainly(options: DataOptions<string | undefined>, model: Model, how: How): Promise<Dataset | undefined> {
  const { data, labels, classes, parts, divisionSeed, turnHalf, unit, window, words } = options;
  if (data === undefined) return undefined;
  if (kindOf(data) === "text") {
    const vocabulary = statedVocabulary(model.metadata);
    if (unit !== undefined && vocabulary && unit !== vocabulary.unit) {
      throw new UserError(`The model reads ${vocabulary.unit}, and --unit is ${unit}: leave it out.`);
    }
    return openDataset(data, { unit, window, words, parts, vocabulary });
  }
  if (kindOf(data) === "audio")
    return openDataset(data, {
      ...recordingsFor(model, { ...audioOptions(options), stream: how.stream }),
      undivided: how.undivided,
    });
  if (kindOf(data) !== "images") return openDataset(data, { inputs: fedInputs(model).map(({ name }) => name) });
  const { assume = how.unlabeled || how.ignoreLabels, fromScratch = false, ...rest } = how;
  const preprocessing = preprocessingFor(model, options, { assume: assume || fromScratch, onNote: note });
  const outputs = fromScratch ? undefined : declaredScores(model);
  return openDataset(data, { preprocessing, labels, classes, parts, divisionSeed, turnHalf, outputs, ...rest });
}

/** What options say of recordings. */
function audioOptions(options: DataOptions<string | undefined>): AudioOptions {
  const { window, hop, context, sampleRate, range, parts, divisionSeed } = options;
  return { window, hop, context, sampleRate, range, parts, divisionSeed, onNote: note };
}

type How = Pick<ImageOptions, "unlabeled" | "ignoreLabels" | "undivided"> & {
  /** Whether how photographs become the input is chosen where nothing says it; default: where labels are no matter. */
  readonly assume?: boolean;
  /** Whether the windows of recordings follow each other. */
  readonly stream?: boolean;
  /** Whether the model is only how a network that is to be trained would be, so that its scores follow the classes. */
  readonly fromScratch?: boolean;
};

const CALLED = { images: "photographs", text: "texts", audio: "recordings" } as const satisfies Record<
  DataKind,
  string
>;

/** @throws UserError when an option is about one kind of data, and the data is not of it */
function checkFits(options: DataOptions<string | undefined>): void {
  const { data, through: stage, frames, frameHop } = options;
  if (!stage && (frames ?? frameHop) !== undefined) {
    throw new UserError("--frames and --frame-hop are about what another network gives: give --through too.");
  }
  if (stage && data === undefined) throw new UserError("--through is about data: give --data too.");
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
