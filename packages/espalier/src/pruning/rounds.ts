import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { taskFor } from "../tasks/index.ts";
import type { EpochsState, StepProgress } from "../training/epochs.ts";
import { Evaluator } from "../training/evaluate.ts";
import { learnedTensors, type Parameters, parametersOf } from "../training/parameters.ts";
import {
  type Round,
  type RoundOptions,
  type RoundResult,
  runRound,
  type UnjudgedResult,
  type Verdict,
} from "./round.ts";

/** The networks that rounds have left so far. */
export interface Networks {
  /** The last that was accepted. */
  readonly last: Parameters;
  readonly best: Parameters;
}

/** How many rounds may follow. */
export interface RoundsLeft {
  readonly least: number;
  /** About; undefined where nobody knows yet. */
  readonly most?: number;
}

/** Decides on rounds while they go on: the same results must lead to the same decisions, or no run could be resumed. */
export interface RoundPlanner {
  /** The next round and what it begins with; undefined when there is nothing left to do. */
  next(
    results: readonly RoundResult[],
    networks: Networks,
  ): Promise<{ readonly round: Round; readonly from: keyof Networks } | undefined>;
  /** How many rounds may follow. */
  left?(results: readonly RoundResult[]): RoundsLeft;
  /** Judges what a round left. */
  judge(outcome: UnjudgedResult, results: readonly RoundResult[]): Verdict;
}

/** How {@link runRounds} goes through rounds: the seed, what they are judged by, where they go on from. */
export interface RoundsOptions extends Omit<RoundOptions, "resume" | "onProgress" | "onEpoch"> {
  /** Continue from here; the result is the same as if there had been no pause. */
  readonly resume?: RoundsState;
  /** Called after each run of steps. */
  readonly onProgress?: (round: Round, progress: StepProgress) => void;
  /** Called after each epoch with all that is needed to resume. */
  readonly onEpoch?: (state: RoundsState, round: Round) => void | Promise<void>;
  /** Called after each round with the parameters of its best epoch. */
  readonly onRound?: (result: RoundResult, parameters: Parameters) => void | Promise<void>;
}

/** Rounds that can be continued. */
export interface RoundsState {
  /** The rounds that are done. */
  readonly results: readonly RoundResult[];
  readonly networks: Networks;
  /** The current round, when it has begun. */
  readonly current?: EpochsState;
}

export interface RoundsResult extends RoundsState {
  /** The best network's parameters. */
  readonly best: Parameters;
  readonly aborted: boolean;
}

/**
 * Trains, prunes and retrains in rounds (Han et al., NIPS 2015, section 3): each round begins from the weights that
 * survived the one before, those of its best epoch on the validation split, never from a new initialization.
 * @param rounds in their order, or what decides on them
 */
export async function runRounds(
  engine: Engine,
  model: Model,
  data: Dataset,
  rounds: readonly Round[] | RoundPlanner,
  options: RoundsOptions,
): Promise<RoundsResult> {
  const plan = "next" in rounds ? rounds : inOrder(rounds);
  const names = learnedTensors(model);
  const { task = taskFor(data) } = options;
  const evaluator = await Evaluator.create(engine, model, data, names, { task });
  const results = [...(options.resume?.results ?? [])];
  const initial = parametersOf(model, names);
  let networks = options.resume?.networks ?? { last: initial, best: initial };
  let resume = options.resume?.current;
  try {
    for (;;) {
      const next = await plan.next(results, networks);
      if (!next) return { results, networks, best: networks.best, aborted: false };
      const { round, from } = next;
      const state = (current?: EpochsState): RoundsState => ({ results: [...results], networks, current });
      const outcome = await runRound(engine, model, data, evaluator, round, networks[from], {
        ...options,
        task,
        resume,
        // Each round shuffles and drops out by its own stream.
        seed: options.seed + results.length * 1_000_003,
        onProgress: (progress) => options.onProgress?.(round, progress),
        onEpoch: (current) => options.onEpoch?.(state(current), round),
      });
      if ("interrupted" in outcome) return { ...state(outcome.interrupted), best: networks.best, aborted: true };
      const verdict = plan.judge(outcome.result, results);
      const result = { ...outcome.result, verdict };
      networks = {
        last: verdict.accepted ? outcome.parameters : networks[from],
        best: verdict.best ? outcome.parameters : networks.best,
      };
      results.push(result);
      resume = undefined;
      await options.onRound?.(result, outcome.parameters);
      await options.onEpoch?.(state(), round);
    }
  } finally {
    await evaluator.release();
  }
}

/** The plan that does some rounds one after the other. */
function inOrder(rounds: readonly Round[]): RoundPlanner {
  return {
    next: async ({ length }) => (length < rounds.length ? { round: rounds[length], from: "last" } : undefined),
    judge: () => ({ accepted: true, best: true }),
  };
}
