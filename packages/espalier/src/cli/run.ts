import { existsSync } from "node:fs";
import type { Dataset } from "../data/dataset.ts";
import { temporaryFile } from "../data/file-store.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../pruning/checkpoint.ts";
import type { Round, RoundResult } from "../pruning/round.ts";
import { type Plan, type RoundsOptions, type RoundsResult, runRounds } from "../pruning/rounds.ts";
import type { Parameters } from "../training/parameters.ts";
import { readFile, removeFile, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { note } from "./print.ts";
import { RunProgress } from "./progress.ts";

export interface RunOptions extends Pick<RoundsOptions, "batch" | "seed" | "loss" | "frozen" | "batchNorm"> {
  /** Where the checkpoint is kept while the run lasts. */
  readonly checkpoint: string;
  readonly resume: boolean;
  /** What only the same run may continue: its options, and digests of its files. */
  readonly settings: object;
  readonly onRound?: (result: RoundResult, parameters: Parameters) => void;
}

/**
 * Runs rounds as a command does: with progress on stderr, a checkpoint after each epoch and at Ctrl-C, and `--resume`.
 * @throws Interrupted after Ctrl-C
 */
export async function runCommand(
  engine: Engine,
  model: Model,
  data: Dataset,
  rounds: readonly Round[] | Plan,
  options: RunOptions,
): Promise<RoundsResult> {
  const { checkpoint } = options;
  const settings = JSON.stringify(options.settings);
  const resume = options.resume ? readCheckpoint(checkpoint, settings) : undefined;
  const doneEpochs =
    (resume?.results.reduce((sum, { epochs }) => sum + epochs.length, 0) ?? 0) + (resume?.current?.history.length ?? 0);
  const planned = "next" in rounds ? undefined : rounds.reduce((sum, { epochs }) => sum + epochs, 0) - doneEpochs;
  const progress = new RunProgress(planned, Math.floor(data.train.size / options.batch), options.batch);
  try {
    const result = await interruptible((signal) =>
      runRounds(engine, model, data, rounds, {
        ...options,
        storage: temporaryFile,
        resume,
        signal,
        onProgress: (round, position) => progress.step(round, position),
        onEpoch: (state, round) => {
          writeFile(checkpoint, encodeCheckpoint(state, settings));
          const epoch = state.current?.history.at(-1);
          if (epoch) progress.epoch(round.name, epoch, round.epochs);
        },
        onRound: (round, parameters) => {
          progress.round(round);
          options.onRound?.(round, parameters);
        },
      }),
    );
    if (result.aborted) {
      writeFile(checkpoint, encodeCheckpoint(result, settings));
      throw new Interrupted(`Stopped; everything is in ${checkpoint}: continue with the same command and --resume.`);
    }
    return result;
  } finally {
    progress.stop();
  }
}

/** Removes the checkpoint of a run whose results are written. */
export function finishRun(checkpoint: string): void {
  removeFile(checkpoint);
}

function readCheckpoint(path: string, settings: string) {
  if (!existsSync(path))
    throw new UserError(`There is no checkpoint ${path} to resume: start the run without --resume.`);
  const state = decodeCheckpoint(readFile(path), settings, path);
  note(`Continuing from ${path}.`);
  return state;
}
