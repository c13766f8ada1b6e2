import { z } from "zod";
import { codesWell, encode, encodeFile } from "../coding/encode.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { bytesOfAll, isFloat32 } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { sharingOf } from "../sharing/distinct.ts";
import { withGather } from "../sharing/gather.ts";
import { rowsOf } from "../sharing/rows.ts";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import { compressWay } from "./compress-way.ts";
import { type CheckpointStore, type Hooks, splitHooks } from "./hooks.ts";
import { type JudgedByLabels, judgeByLabels } from "./judge-by-labels.ts";
import type { ModelFile } from "./model-file.ts";
import { codingOptions } from "./options/coding.ts";
import { checkOptions } from "./options/option.ts";
import { rateTrainingOptions, trainRate } from "./options/rate.ts";
import { shareOptions, unlabeled } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import type { ShareResult } from "./share.ts";
import { type ShareByGuessResult, shareByGuess } from "./share-by-guess.ts";
import { type ShareByRateResult, shareByRate } from "./share-by-rate.ts";
import { shareWeights } from "./share-weights.ts";
import { type ShareWithinResult, shareWithin } from "./share-within.ts";
import { shareWithoutLabels } from "./share-without-labels.ts";

/** The options of {@link compress}. */
export const compressOptions = {
  ...taskOptions,
  trainRate,
  unlabeled,
  ...shareOptions,
  ...rateTrainingOptions,
  ...codingOptions,
};

const schema = z.object(compressOptions);
type Chosen = z.output<typeof schema>;

/** How to share the weights first, if at all: as `shareWeights` or `shareWithoutLabels`; and in which form to write. */
export type CompressOptions = z.input<typeof schema> &
  Hooks & {
    /** Points of the curve that an earlier run found, which are not tried again. */
    readonly known?: readonly CurvePoint[];
    /** Keeps how far a training for the rate has come after each epoch; what it holds is gone on with. */
    readonly checkpoint?: CheckpointStore;
    /** What such a training depends on beside its options, such as the digest of its file. */
    readonly identity?: object;
  };

/** A network made small. */
export interface CompressResult
  extends Partial<Omit<ShareResult, "model" | "sharing" | "layers">>,
    Partial<Pick<ShareWithinResult, "curve" | "chosen" | "fidelity">>,
    Partial<Pick<ShareByRateResult, "trials" | "trial">>,
    Partial<Pick<ShareByGuessResult, "basis">> {
  /** The file, in the form that was asked for. */
  readonly contents: Uint8Array;
  /** The network in it. */
  readonly model: Model;
  /** What became of each tensor that was shared. */
  readonly layers: ShareResult["layers"];
  /** By labels of which nothing was made: of rounding within a loss, where the data has some. */
  readonly judged?: JudgedByLabels;
}

/**
 * Shares a network's weights if asked, and writes it small: as an .esp file, from which `decode` and `load` give the
 * .onnx again bit for bit, or as an .onnx.
 * @param source a model, or its file, whose very bytes come back where nothing is shared
 * @param data what shared values are trained on, or layers fitted on; undefined where neither is asked for
 * @throws the signal's reason when it ends the work; UserError for options that do not go together, or data that does
 *   not fit
 */
export async function compress(
  engine: Engine,
  source: Model | ModelFile,
  data: Dataset | undefined,
  options: CompressOptions = {},
): Promise<CompressResult> {
  const { known, checkpoint, identity, ...told } = options;
  const { hooks, given } = splitHooks(told);
  hooks.signal?.throwIfAborted();
  const chosen = checkOptions(schema, given);
  const file = "contents" in source ? source : undefined;
  const model = "contents" in source ? source.model : source;
  const way = compressWay(given, data !== undefined);
  if (way === "lossless") {
    const sharing = chosen.format === "gather" ? sharingOf(model) : new Map();
    return { contents: write(model, sharing, chosen, file, hooks), model, layers: rowsOf(model, sharing) };
  }
  if (way === "guess") {
    const { bits, biasBits, maxLoss } = given;
    const { model: made, ...rest } = await shareByGuess(engine, model, { bits, biasBits, maxLoss, ...hooks });
    const contents = write(made, new Map(), chosen, undefined, hooks);
    const asCame = unlessSmaller(contents);
    return asCame ? { contents: asCame, model, layers: [] } : { contents, model: made, ...rest };
  }
  if (way === "within" && data && given.maxLoss !== undefined) {
    const { maxLoss, measure, seed, epochs } = given;
    const options = { maxLoss, measure, seed, epochs, known, ...hooks };
    const { model: made, ...rest } = await shareWithin(engine, model, data, options);
    const contents = write(made, new Map(), chosen, undefined, hooks);
    const asCame = unlessSmaller(contents);
    if (asCame) return { contents: asCame, model, layers: [], measure: rest.measure, curve: rest.curve };
    return { contents, model: made, ...rest, judged: await judgeByLabels(engine, model, made, data, hooks) };
  }
  const { format: _, mode: __, unlabeled: ___, trainRate: ____, ...how } = { ...given, ...hooks };
  if (way === "rate" && data) {
    const { model: made, ...rest } = await shareByRate(engine, model, data, { ...how, checkpoint, identity });
    return { contents: write(made, new Map(), chosen, undefined, hooks), model: made, ...rest };
  }
  const shared = await (way === "unlabeled" && data
    ? shareWithoutLabels(engine, model, data, how)
    : shareWeights(engine, model, data, how));
  const { model: made, sharing, ...rest } = shared;
  return { contents: write(made, sharing, chosen, undefined, hooks), model: made, ...rest };

  /** The file of the weights as they came, where rounding them made it no smaller: they may have been rounded before. */
  function unlessSmaller({ length }: Uint8Array): Uint8Array | undefined {
    if (chosen.format === "onnx" || bytesOfAll(model.initializers.values()) > MOST_TRIED) return undefined;
    const asCame = write(model, new Map(), chosen, file, {});
    if (asCame.length > length) return undefined;
    const text = `The weights stay as they came: rounded, they take ${length} bytes, and as they are ${asCame.length}.`;
    hooks.onProgress?.({ kind: "note", text });
    return asCame;
  }
}

/** Networks of more bytes are not coded a second time as they came, which takes a second or two for each MB. */
const MOST_TRIED = 2 ** 26;

/**
 * @param sharing of the model's tensors; those that its file holds otherwise than as float32 stay written out
 * @param file the model as it was opened, where it is still the same
 */
function write(
  model: Model,
  sharing: ShareResult["sharing"],
  { format = "esp", mode }: Chosen,
  file: ModelFile | undefined,
  { onProgress }: Hooks,
): Uint8Array {
  switch (format) {
    case "esp": {
      if (!file) return encode(model, { mode });
      if (codesWell(file.contents, writeModel(model))) return encodeFile(file.contents, { mode });
      const text =
        "Weights that are lists of numbers in the .onnx are coded, and come back, as raw data: the same numbers.";
      onProgress?.({ kind: "note", text });
      return encode(model, { mode });
    }
    case "gather":
      return writeModel(
        withGather(model, new Map([...sharing].filter(([name]) => isFloat32(model.initializers.get(name))))),
      );
    case "onnx":
      return writeModel(model);
  }
}
