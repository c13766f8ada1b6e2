import { z } from "zod";
import { UserError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import type { EpochsState } from "../../training/epochs.ts";
import type { Parameters } from "../../training/parameters.ts";
import { restoreTraining, storedTraining, storeTraining } from "../../training/stored-state.ts";
import { TensorFile } from "../../training/tensor-file.ts";
import type { RateTrial } from "./walk.ts";

/** A trial with its codes and steps. */
export interface TrialNetwork {
  readonly trial: RateTrial;
  readonly parameters: Parameters;
}

/** How far a walk along prices has come. */
export interface WalkState {
  readonly done: readonly TrialNetwork[];
  /** The training that it is in. */
  readonly current?: EpochsState;
}

const KIND = "rate";

const schema = z.object({
  version: z.literal(1),
  settings: z.string(),
  trials: z.array(
    z.object({
      lambda: z.number().nonnegative(),
      bytes: z.int().nonnegative(),
      density: z.number(),
      validation: z.number(),
      accepted: z.boolean(),
    }),
  ),
  current: storedTraining.optional(),
});

/** Writes how far a walk has come as a file of tensors, with the rest as JSON. @param settings what it depends on */
export function encodeWalk({ done, current }: WalkState, settings: string): Uint8Array<ArrayBuffer> {
  const file = new TensorFile(KIND);
  for (const [i, { parameters }] of done.entries()) file.put(`trial-${i}`, parameters);
  return file.write(
    JSON.stringify({
      version: 1,
      settings,
      trials: done.map(({ trial }) => trial),
      current: current && storeTraining(current, (prefix, parameters) => file.put(prefix, parameters)),
    }),
  );
}

/**
 * Reads what {@link encodeWalk} wrote.
 * @param source how messages name the file
 * @throws UserError when the bytes are no such file, or that of a run with other settings
 */
export function decodeWalk(bytes: Uint8Array, settings: string, source: string): WalkState {
  const file = TensorFile.read(KIND, bytes, source);
  const meta = schema.safeParse(parseJson(file.text ?? "null"));
  if (!meta.success) throw new UserError(`${source} is no state of a training for the rate: remove it to begin anew.`);
  const { trials, current, settings: own } = meta.data;
  if (own !== settings) {
    throw new UserError(
      `${source} holds what another run had found when it was stopped: run that command again to finish it, remove the file, or choose another output.`,
    );
  }
  const done = trials.map((trial, i) => ({ trial, parameters: file.take(`trial-${i}`) }));
  return { done, current: current && restoreTraining(current, (prefix) => file.take(prefix)) };
}
