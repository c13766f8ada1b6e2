import { z } from "zod";
import { parseJson } from "../json.ts";
import { OptionsError } from "../options-error.ts";
import { restoreTraining, storedTraining, storeTraining } from "../training/stored-state.ts";
import { TensorFile } from "../training/tensor-file.ts";
import { storedResults, storeResults } from "./results-json.ts";
import type { RoundsState } from "./rounds.ts";

/** The kind of file that it is. */
const KIND = "checkpoint";

const schema = z.object({
  version: z.literal(4),
  /** The options of the run, as its command describes them: only the same run may continue. */
  settings: z.string(),
  results: storedResults,
  current: storedTraining.optional(),
});

/** Writes a run's state as a file of tensors, with the rest as JSON. */
export function encodeCheckpoint(state: RoundsState, settings: string): Uint8Array<ArrayBuffer> {
  const file = new TensorFile(KIND);
  const { results, networks, current } = state;
  file.put("last", networks.last);
  if (networks.best !== networks.last) file.put("best-network", networks.best);
  const meta = {
    version: 4,
    settings,
    results: storeResults(results),
    current: current && storeTraining(current, (prefix, parameters) => file.put(prefix, parameters)),
  };
  return file.write(JSON.stringify(meta));
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 * @param source how messages name the file
 * @throws UserError when the bytes are not a checkpoint, or the checkpoint of a run with other settings
 */
export function decodeCheckpoint(bytes: Uint8Array, settings: string, source: string): RoundsState {
  const file = TensorFile.read(KIND, bytes, source);
  const meta = schema.safeParse(parseJson(file.text ?? "null"));
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
  const { results, current } = meta.data;
  const last = file.take("last");
  const best = file.take("best-network");
  const networks = { last, best: best.size > 0 ? best : last };
  return { results, networks, current: current && restoreTraining(current, (prefix) => file.take(prefix)) };
}
