import {
  checkPreprocessing,
  type Dataset,
  divide,
  type Engine,
  inParts,
  type Listing,
  type Model,
  pictured,
  preprocessingFor,
  randomData,
  readNpz,
  readText,
  readWave,
  recordingsFor,
  statedVocabulary,
  UserError,
  windowed,
} from "espalier";
import { ofKind } from "../input-kinds.ts";
import type { InputFacts, InputKind, InputSettings } from "../told.ts";
import { beside } from "./beside.ts";
import { bitmaps } from "./bitmaps.ts";
import type { Dropped } from "./keep.ts";
import { mnistDataset } from "./mnist.ts";
import { bytesOf, givenInputs } from "./network.ts";

/** Inputs as samples, and what is said of them. */
export interface OpenInputs {
  readonly data: Dataset;
  readonly facts: InputFacts;
  /** The picture that a sample to learn from came from. */
  readonly fileOf?: (index: number) => Blob | undefined;
}

/**
 * Makes samples of inputs for a network.
 * @throws UserError when they cannot be read, or do not fit
 */
export async function openInputs(
  engine: Engine,
  model: Model,
  kind: InputKind,
  files: readonly Dropped[],
  settings: InputSettings,
): Promise<OpenInputs> {
  const notes: string[] = [];
  const onNote = (text: string) => notes.push(text);
  const { data, fileOf } = await openedAs({ engine, model, files: relative(files), settings, onNote }, kind);
  const sizes = { train: data.train.size, validation: data.validation.size, test: data.test.size };
  const labelled = data.targets.length > 0;
  const { name, preprocessing } = data;
  return { data, fileOf, facts: { kind, name, sizes, labelled, settings, preprocessing, notes } };
}

interface Opening {
  readonly engine: Engine;
  readonly model: Model;
  readonly files: readonly Dropped[];
  readonly settings: InputSettings;
  readonly onNote: (text: string) => void;
}

type Opened = Pick<OpenInputs, "data" | "fileOf">;

async function openedAs(opening: Opening, kind: InputKind): Promise<Opened> {
  const { engine, model, files } = opening;
  switch (kind) {
    case "mnist":
      return { data: mnistDataset(await asset("images.idx.gz"), await asset("labels.idx.gz")) };
    case "random":
      return { data: await randomData(engine, model) };
    case "images":
      return pictures(opening);
    case "audio":
      return { data: await recordings(opening) };
    case "npz": {
      const [file] = ofKind(files, kind);
      const inputs = givenInputs(model).map(({ name }) => name);
      return { data: readNpz(await bytesOf(file), file.path, { inputs }) };
    }
    case "text": {
      const [file] = ofKind(files, kind);
      return { data: readText(await bytesOf(file), file.path, { vocabulary: statedVocabulary(model.metadata) }) };
    }
  }
}

function pictures({ model, files, settings, onNote }: Opening): Opened {
  const own = ofKind(files, "images");
  const preprocessing = preprocessingFor(model, settings.preprocessing, { assume: true, onNote });
  if (!preprocessing) throw new UserError("Nothing says how pictures become the network's input.");
  checkPreprocessing(preprocessing);
  const listings = inParts(own.map(({ path }) => path));
  const byPath = new Map(own.map((file) => [file.path, file]));
  const inOrder = [...listings.values()].flatMap((listing) => listing.files.flatMap((path) => byPath.get(path) ?? []));
  const labels = labelsByFolder([...listings.values()]);
  const photographs = {
    pixels: bitmaps(inOrder, preprocessing),
    preprocessing,
    labels,
    inferred: labels !== undefined,
  };
  const division = divide("The folder", listings, {});
  return {
    data: pictured("pictures", photographs, division),
    fileOf: (index) => inOrder[division.train[index]]?.file,
  };
}

/** The folder in which each picture lies as its class, in the order of their names; undefined where some lie in none. */
function labelsByFolder(listings: readonly Listing[]) {
  const folders = listings.flatMap(({ prefix, files }) =>
    files.map((path) => /^([^/]+)\//.exec(path.slice(prefix.length))?.[1]),
  );
  const classes = [...new Set(folders)].sort();
  if (classes.includes(undefined) || classes.length < 2) return undefined;
  return { classes: classes.length, of: Int32Array.from(folders, (folder) => classes.indexOf(folder)) };
}

async function recordings({ model, files, settings, onNote }: Opening): Promise<Dataset> {
  const own = ofKind(files, "audio");
  const listings = inParts(own.map(({ path }) => path));
  const byPath = new Map(own.map((file) => [file.path, file]));
  const opened = [];
  for (const path of [...listings.values()].flatMap((listing) => listing.files)) {
    const file = byPath.get(path);
    if (!file) continue;
    const bytes = await bytesOf(file);
    opened.push(readWave(() => bytes, path));
  }
  const { window, hop, context, range } = settings;
  // One recording is heard whole by all parts.
  const undivided = opened.length < 3;
  if (undivided) onNote("With fewer than three recordings, all are used to learn, to choose and to judge.");
  return {
    ...windowed("The folder", listings, opened, {
      ...recordingsFor(model, { window, hop, context, range, onNote }),
      undivided,
    }),
    name: "recordings",
  };
}

/** The files as they lie in the folder that was dropped, if one was. */
function relative(files: readonly Dropped[]): Dropped[] {
  const [first = ""] = files.map(({ path }) => /^[^/]+\//.exec(path)?.[0] ?? "");
  const inOne = first !== "" && files.every(({ path }) => path.startsWith(first));
  return files.map(({ path, file }) => ({ path: inOne ? path.slice(first.length) : path, file }));
}

/** A file of the built-in sample, unpacked. */
async function asset(name: string): Promise<Uint8Array> {
  const response = await fetch(beside(`mnist/${name}`));
  const { body } = response;
  if (!response.ok || !body) throw new UserError(`The sample's ${name} is not beside the page: put it there again.`);
  // A server may have unpacked it on the way.
  if (response.headers.get("content-encoding") === "gzip") return new Uint8Array(await response.arrayBuffer());
  return new Uint8Array(await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}
