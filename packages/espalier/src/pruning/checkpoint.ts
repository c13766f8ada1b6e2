import { z } from "zod";
import { parseJson } from "../json.ts";
import { emptyModel } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { OptionsError } from "../options-error.ts";
import type { Parameters } from "../training/parameters.ts";
import type { Best, EpochsState } from "../training/train.ts";
import { storedEpochs, storedResults, storeEpochs, storeResults } from "./results-json.ts";
import type { RoundsState } from "./rounds.ts";

const KEY = "espalier.checkpoint";

const schema = z.object({
  version: z.literal(4),
  /** The options of the run, as its command describes them: only the same run may continue. */
  settings: z.string(),
  results: storedResults,
  current: z
    .object({
      iteration: z.number(),
      step: z.number(),
      lossSum: z.number(),
      history: storedEpochs,
      best: z.object({ epoch: z.number(), validationError: z.number(), validationLoss: z.number() }).optional(),
    })
    .optional(),
});

/**
 * Writes a run's state as an ONNX file without nodes: its tensors are initializers, the rest is JSON in the metadata.
 * So a checkpoint is read by the same bounded reader as a model, and any ONNX viewer shows it.
 */
export function encodeCheckpoint(state: RoundsState, settings: string): Uint8Array<ArrayBuffer> {
  const model = emptyModel("checkpoint");
  const put = (prefix: string, parameters: Parameters) => {
    for (const [name, tensor] of parameters) model.initializers.set(`${prefix}/${name}`, tensor);
  };
  const { results, networks, current } = state;
  put("last", networks.last);
  if (networks.best !== networks.last) put("best-network", networks.best);
  if (current) {
    put("parameter", current.trainer.parameters);
    put("statistic", current.trainer.statistics);
    put("slot", current.trainer.slots);
    put("mask", current.trainer.masks);
    if (current.best) put("best", current.best.parameters);
  }
  const meta = {
    version: 4,
    settings,
    results: storeResults(results),
    current: current && {
      iteration: current.trainer.iteration,
      step: current.step,
      lossSum: current.lossSum,
      history: storeEpochs(current.history),
      best: current.best && storedBest(current.best),
    },
  };
  model.metadata.set(KEY, JSON.stringify(meta));
  return writeModel(model);
}

function storedBest({ epoch, validation: validationError, validationLoss }: Best) {
  return { epoch, validationError, validationLoss };
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 * @param source how messages name the file
 * @throws UserError when the bytes are no checkpoint, or the checkpoint of a run with other settings
 */
export function decodeCheckpoint(bytes: Uint8Array, settings: string, source: string): RoundsState {
  const model = readModel(bytes, source);
  const meta = schema.safeParse(parseJson(model.metadata.get(KEY) ?? "null"));
  if (!meta.success) {
    throw new OptionsError(
      (o) => `${source} is no checkpoint of this version of Espalier: start the run again without ${o("resume")}.`,
    );
  }
  if (meta.data.settings !== settings) {
    const { settings: others } = meta.data;
    throw new OptionsError(
      (o) =>
        `${source} belongs to a run with other options (${others}): ${o("resume")} with those, or start again without.`,
    );
  }
  const take = (prefix: string): Parameters => {
    const found = new Map<string, FloatTensor>();
    for (const [name, tensor] of model.initializers) {
      if (name.startsWith(`${prefix}/`) && isFloat32(tensor)) found.set(name.slice(prefix.length + 1), tensor);
    }
    return found;
  };
  const { results, current } = meta.data;
  const last = take("last");
  const best = take("best-network");
  const networks = { last, best: best.size > 0 ? best : last };
  return { results, networks, current: current && restoreTraining(current, take) };
}

function restoreTraining(
  { iteration, step, lossSum, history, best }: NonNullable<z.infer<typeof schema>["current"]>,
  take: (prefix: string) => Parameters,
): EpochsState {
  return {
    trainer: {
      iteration,
      parameters: take("parameter"),
      statistics: take("statistic"),
      slots: take("slot"),
      masks: take("mask"),
    },
    step,
    lossSum,
    history,
    best: best && {
      epoch: best.epoch,
      validation: best.validationError,
      validationLoss: best.validationLoss,
      parameters: take("best"),
    },
  };
}
