import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { Clipping } from "../training/clip.ts";
import { Evaluator } from "../training/evaluate.ts";
import { withoutFrozenPrefix } from "../training/frozen-prefix.ts";
import type { Optimizer } from "../training/optimizer.ts";
import {
  applyMasks,
  type Masks,
  type Parameters,
  parametersOf,
  trainableParameters,
  withParameters,
} from "../training/parameters.ts";
import type { Policy } from "../training/schedule.ts";
import type { Regularization } from "../training/step-graph.ts";
import { type EpochResult, type Progress, type TrainState, train } from "../training/train.ts";
import { Trainer, type TrainerOptions } from "../training/trainer.ts";
import { retrainingDropout } from "./dropout.ts";
import { layersOf } from "./layers.ts";
import { countNonzero, masksOfZeros } from "./mask.ts";
import { scoresBy } from "./scores.ts";
import { chooseMasks, type Target } from "./target.ts";

/** How a round prunes. */
export interface Pruning {
  readonly target: Target;
  /** How much of the way to the target, 0 to 1. */
  readonly part: number;
  /** What tells which connections to keep, by name; default: magnitude. */
  readonly criterion?: string;
}

/** One round of training or of pruning and retraining. */
export interface Round {
  readonly name: string;
  /** How far to prune before training; left out: the connections stay as they are. */
  readonly prune?: Pruning;
  readonly epochs: number;
  readonly learningRate: Policy;
  readonly optimizer: Optimizer;
  readonly patience?: number;
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
}

export interface RoundsOptions extends Pick<TrainerOptions, "batch" | "seed" | "loss" | "frozen" | "stepsPerRun"> {
  /** Continue from here; the result is the same as if there had been no pause. */
  readonly resume?: RoundsState;
  readonly signal?: AbortSignal;
  readonly onProgress?: (round: Round, progress: Progress) => void;
  /** Called after each epoch with all that is needed to resume. */
  readonly onEpoch?: (state: RoundsState) => void | Promise<void>;
  /** Called after each round with the parameters of its best epoch. */
  readonly onRound?: (result: RoundResult, parameters: Parameters) => void | Promise<void>;
}

/** What came out of a round. Errors are percent. */
export interface RoundResult {
  readonly name: string;
  /** Non-zero parameters / all. */
  readonly density: number;
  /** Validation error after pruning, before retraining. */
  readonly prunedError?: number;
  readonly bestEpoch: number;
  readonly validationError: number;
  readonly epochs: readonly EpochResult[];
}

/** Rounds that can be continued. */
export interface RoundsState {
  /** The rounds that are done. */
  readonly results: readonly RoundResult[];
  /** The parameters with which the current round begins, before it prunes. */
  readonly start: Parameters;
  /** The current round, when it has begun. */
  readonly current?: TrainState;
}

export interface RoundsResult extends RoundsState {
  readonly aborted: boolean;
}

/**
 * Trains, prunes and retrains in rounds (Han et al., NIPS 2015, section 3): each round begins from the weights that
 * survived the one before, those of its best epoch on the validation split, never from a new initialization.
 */
export async function runRounds(
  engine: Engine,
  model: Model,
  data: Dataset,
  rounds: readonly Round[],
  options: RoundsOptions,
): Promise<RoundsResult> {
  const names = trainableParameters(model);
  const evaluator = await Evaluator.create(engine, model, data, names);
  const results = [...(options.resume?.results ?? [])];
  let start = options.resume?.start ?? parametersOf(model, names);
  let resume = options.resume?.current;
  try {
    while (results.length < rounds.length) {
      const state = (current?: TrainState): RoundsState => ({ results: [...results], start, current });
      const outcome = await runRound(engine, model, data, evaluator, rounds[results.length], start, resume, {
        ...options,
        // Each round shuffles and drops out by its own stream.
        seed: options.seed + results.length * 1_000_003,
        onEpoch: (current) => options.onEpoch?.(state(current)),
      });
      if ("interrupted" in outcome) return { ...state(outcome.interrupted), aborted: true };
      results.push(outcome.result);
      start = outcome.parameters;
      resume = undefined;
      await options.onRound?.(outcome.result, start);
      await options.onEpoch?.(state());
    }
  } finally {
    await evaluator.release();
  }
  return { results, start, aborted: false };
}

interface RoundOptions extends Omit<RoundsOptions, "onEpoch"> {
  readonly onEpoch: (current: TrainState) => void | Promise<void>;
}

async function runRound(
  engine: Engine,
  model: Model,
  data: Dataset,
  evaluator: Evaluator,
  round: Round,
  start: Parameters,
  resume: TrainState | undefined,
  options: RoundOptions,
): Promise<{ interrupted: TrainState } | { result: RoundResult; parameters: Parameters }> {
  const layers = layersOf(model);
  const cut = round.prune
    ? await masksFor(engine, withParameters(model, start), data, round.prune, options)
    : new Map();
  const masks: Masks = new Map([
    ...masksOfZeros(
      start,
      layers.map(({ weight }) => weight),
    ),
    ...cut,
  ]);
  const pruned = withParameters(model, applyMasks(start, masks));
  evaluator.load(parametersOf(pruned, start.keys()));
  const prunedError = round.prune ? (await evaluator.evaluate(data.validation)).error : undefined;
  const rest = await withoutFrozenPrefix(engine, pruned, data, options.frozen ?? new Set());
  const learning = rest ?? { model: pruned, data };
  const judge = rest
    ? await Evaluator.create(engine, rest.model, rest.data, trainableParameters(rest.model))
    : evaluator;
  const trainer = await Trainer.create(engine, learning.model, {
    ...options,
    ...round,
    masks,
    dropout: retrainingDropout(model, masks),
  });
  try {
    const trained = await train(trainer, judge, learning.data, {
      ...options,
      ...round,
      resume,
      onProgress: (progress) => options.onProgress?.(round, progress),
    });
    if (trained.aborted) return { interrupted: trained };
    const { best, history } = trained;
    // Products with a mask leave negative zeros; in what is kept, a cut connection is the zero of all bits.
    const parameters = applyMasks(new Map([...parametersOf(pruned, start.keys()), ...(best?.parameters ?? [])]), masks);
    const result: RoundResult = {
      name: round.name,
      density: densityOf(parameters),
      prunedError,
      bestEpoch: best?.epoch ?? 0,
      validationError: best?.validationError ?? prunedError ?? Number.NaN,
      epochs: history,
    };
    return { result, parameters };
  } finally {
    await trainer.release();
    if (judge !== evaluator) await judge.release();
  }
}

/** Chooses the connections that a round keeps. */
async function masksFor(
  engine: Engine,
  model: Model,
  data: Dataset,
  { target, part, criterion = "magnitude" }: Pruning,
  options: RoundOptions,
): Promise<Masks> {
  const parameters = parametersOf(model, trainableParameters(model));
  const scores = criterion === "magnitude" ? undefined : await scoresBy(criterion, engine, model, data, options);
  return chooseMasks(target, layersOf(model), parameters, part, scores);
}

/** Non-zero parameters / all parameters. */
export function densityOf(parameters: Parameters): number {
  let all = 0;
  let nonzero = 0;
  for (const tensor of parameters.values()) {
    all += tensor.data.length;
    nonzero += countNonzero(tensor);
  }
  return nonzero / all;
}
