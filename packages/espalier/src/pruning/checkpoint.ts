import { z } from "zod";
import { parseJson } from "../json.ts";
import { emptyModel } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { OptionsError } from "../options-error.ts";
import type { Parameters } from "../training/parameters.ts";
import { restoreTraining, storedTraining, storeTraining } from "../training/stored-state.ts";
import { storedResults, storeResults } from "./results-json.ts";
import type { RoundsState } from "./rounds.ts";

const KEY = "espalier.checkpoint";

const schema = z.object({
  version: z.literal(4),
  /** The options of the run, as its command describes them: only the same run may continue. */
  settings: z.string(),
  results: storedResults,
  current: storedTraining.optional(),
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
  const meta = {
    version: 4,
    settings,
    results: storeResults(results),
    current: current && storeTraining(current, put),
  };
  model.metadata.set(KEY, JSON.stringify(meta));
  return writeModel(model);
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 * @param source how messages name the file
 * @throws UserError when the bytes are not a checkpoint, or the checkpoint of a run with other settings
 */
export function decodeCheckpoint(bytes: Uint8Array, settings: string, source: string): RoundsState {
  const model = readModel(bytes, source);
  const meta = schema.safeParse(parseJson(model.metadata.get(KEY) ?? "null"));
  if (!meta.success) {
    throw new OptionsError(
      (o) => `${source} is not a checkpoint of this version of Espalier: start the run again without ${o("resume")}.`,
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
