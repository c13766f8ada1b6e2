import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../pruning/checkpoint.ts";
import type { Round, RoundResult } from "../pruning/round.ts";
import {
  type RoundPlanner,
  type RoundsOptions,
  type RoundsResult,
  type RoundsState,
  runRounds,
} from "../pruning/rounds.ts";
import type { Parameters } from "../training/parameters.ts";
import type { CheckpointStore, RunHooks } from "./hooks.ts";

export interface RunOptions
  extends Omit<RunHooks, "task">,
    Pick<RoundsOptions, "batch" | "seed" | "task" | "frozen" | "batchNorm" | "distillation" | "local"> {
  /** What only the same run may continue. */
  readonly settings: object;
  readonly onRound?: (result: RoundResult, parameters: Parameters) => void | Promise<void>;
}

/**
 * Runs rounds that tell how they go on, keep a checkpoint after each epoch and when the signal ends them, and continue
 * from it.
 * @throws the signal's reason when it ends them; UserError when there is no checkpoint to continue from
 */
export async function runResumable(
  engine: Engine,
  model: Model,
  data: Dataset,
  rounds: readonly Round[] | RoundPlanner,
  options: RunOptions,
): Promise<RoundsResult> {
  const { checkpoint, onProgress, signal, local: { shards } = { shards: 1 } } = options;
  const settings = JSON.stringify(options.settings);
  const resume = options.resume ? await stateIn(checkpoint, settings) : undefined;
  if (resume) onProgress?.({ kind: "note", text: `Continuing from ${checkpoint?.name}.` });
  const done = [...(resume?.results ?? [])];
  const epochsDone =
    (resume?.results.reduce((sum, { epochs }) => sum + epochs.length, 0) ?? 0) + (resume?.current?.history.length ?? 0);
  onProgress?.({
    kind: "start",
    epochs: "next" in rounds ? undefined : rounds.reduce((sum, { epochs }) => sum + epochs, 0) - epochsDone,
    stepsPerEpoch: shards * Math.floor(Math.floor(data.train.size / shards) / options.batch),
    batch: options.batch,
  });
  const result = await runRounds(engine, model, data, rounds, {
    ...options,
    resume,
    onProgress: (round, steps) => onProgress?.({ kind: "steps", round: round.name, steps }),
    async onEpoch(state, { name, epochs }) {
      await checkpoint?.save(encodeCheckpoint(state, settings));
      const epoch = state.current?.history.at(-1);
      if (epoch) onProgress?.({ kind: "epoch", round: name, epoch, epochs });
    },
    async onRound(result, parameters) {
      done.push(result);
      onProgress?.({ kind: "round", result, left: "next" in rounds ? rounds.left?.(done) : undefined });
      await options.onRound?.(result, parameters);
    },
  });
  if (!result.aborted) return result;
  await checkpoint?.save(encodeCheckpoint(result, settings));
  throw signal?.reason;
}

async function stateIn(store: CheckpointStore | undefined, settings: string): Promise<RoundsState> {
  const bytes = await store?.load();
  if (!store || !bytes) {
    throw new OptionsError(
      (o) => `There is no checkpoint ${store?.name ?? "given"} to resume: start the run without ${o("resume")}.`,
    );
  }
  return decodeCheckpoint(bytes, settings, store.name);
}
