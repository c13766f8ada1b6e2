import type { Dataset } from "../data/dataset.ts";
import type { Storage } from "../data/store.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import type { Augmentation } from "../training/augment.ts";
import type { Clipping } from "../training/clip.ts";
import type { EpochResult, EpochsState, StepProgress } from "../training/epochs.ts";
import type { Evaluator } from "../training/evaluate.ts";
import { withoutFrozenPrefix } from "../training/frozen-prefix.ts";
import { learn } from "../training/learn.ts";
import type { LocalSgd } from "../training/local-sgd/options.ts";
import type { Optimizer, Transform } from "../training/optimizer.ts";
import {
  applyMasks,
  type Masks,
  type Parameters,
  parametersOf,
  pick,
  trainableParameters,
  withParameters,
} from "../training/parameters.ts";
import type { Policy } from "../training/schedule.ts";
import type { Regularization } from "../training/step-graph.ts";
import type { TrainerOptions } from "../training/trainer.ts";
import type { Criterion } from "./criteria/criterion.ts";
import { dropoutRatios, inputDropout, type RetrainingDropout } from "./dropout.ts";
import { type Gradual, gradually } from "./gradual.ts";
import { densityOf, layerDensities, masksOfZeros, wholeMasks } from "./mask.ts";
import { scoresBy } from "./scores.ts";
import { chooseMasks, type Target } from "./target.ts";
import { clearDeadUnits } from "./units/clear.ts";
import { twinOf } from "./units/twin.ts";

/** How a round prunes. */
export interface Pruning {
  readonly target: Target;
  /** How much of the way to the target, 0 to 1. */
  readonly part: number;
  /** What tells which connections to keep, by name or as an object; default: magnitude. */
  readonly criterion?: string | Criterion;
  /** Prunes little by little while the network retrains; default: at once, before it does. */
  readonly gradual?: Gradual;
  /**
   * Whether to cut all that hangs on dead units as well, before retraining and after; what is retrained is then the
   * smaller network without them, which is faster.
   */
  readonly clearDead?: boolean;
}

/** One round of training or of pruning and retraining. */
export interface Round {
  readonly name: string;
  /** How far to prune before training; left out: the connections stay as they are. */
  readonly prune?: Pruning;
  readonly epochs: number;
  readonly learningRate: Policy;
  readonly optimizer: Optimizer | Transform;
  readonly patience?: number;
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
  /** Parameters to leave as they are in this round, beside those of the run; their layers are not pruned either. */
  readonly frozen?: ReadonlySet<string>;
  readonly augmentation?: Augmentation;
  /** The part of the network's inputs to drop, adjusted like all dropout to the connections that are left. */
  readonly inputDropout?: number;
  /** Default: adjusted to the connections that are left. */
  readonly retrainingDropout?: RetrainingDropout;
}

/** What becomes of a round's network: whether rounds go on from it, and whether it is the best so far. */
export interface Verdict {
  readonly accepted: boolean;
  readonly best: boolean;
  /** Whether it is within the limit of a search, where there is one. */
  readonly within?: boolean;
}

/** What came out of a round. */
export interface RoundResult {
  readonly name: string;
  /** Non-zero parameters / all. */
  readonly density: number;
  /** Non-zero weights / all, by layer. */
  readonly layers: Readonly<Record<string, number>>;
  /** The measure on the validation split after pruning, before retraining; of rounds that prune at once. */
  readonly pruned?: number;
  readonly bestEpoch: number;
  /** The measure on the validation split in that epoch. */
  readonly validation: number;
  readonly epochs: readonly EpochResult[];
  /** Whether the rounds went on from it, and whether it was the best network until then. */
  readonly verdict: Verdict;
}

export interface RoundOptions
  extends Pick<TrainerOptions, "batch" | "seed" | "task" | "frozen" | "batchNorm" | "distillation" | "stepsPerRun"> {
  /** Where the activations of frozen layers go that are more than memory should hold. */
  readonly storage?: Storage;
  /** How to train on shards of the data; default: all in one go. */
  readonly local?: LocalSgd;
  readonly resume?: EpochsState;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StepProgress) => void;
  readonly onEpoch?: (state: EpochsState) => void | Promise<void>;
}

/** A round's result before it is judged. */
export type UnjudgedResult = Omit<RoundResult, "verdict">;

export type RoundOutcome =
  | { readonly interrupted: EpochsState }
  | { readonly result: UnjudgedResult; readonly parameters: Parameters };

/**
 * Prunes, retrains and gives the parameters of the best epoch.
 * @param source the network that the run began with
 * @param start the parameters to begin from
 */
export async function runRound(
  engine: Engine,
  source: Model,
  data: Dataset,
  evaluator: Evaluator,
  round: Round,
  start: Parameters,
  options: RoundOptions,
): Promise<RoundOutcome> {
  const { prune } = round;
  const layers = layersOf(source);
  const weights = namesOf(layers);
  const frozen = new Set([...(options.frozen ?? []), ...(round.frozen ?? [])]);
  // Running statistics are not parameters: they do not count.
  const counted = (all: Parameters) => pick(all, trainableParameters(source));
  const free = layers.filter(({ weight }) => !frozen.has(weight));
  const zeros = masksOfZeros(start, weights);
  const masks: Masks = !prune
    ? zeros
    : prune.gradual
      ? new Map([...wholeMasks(start, namesOf(free)), ...zeros])
      : new Map([...zeros, ...(await masksFor(engine, withParameters(source, start), data, prune, options))]);
  // Dropout is adjusted to the connections that will be left, wherever the way there begins.
  const left = prune?.gradual ? chooseMasks(prune.target, free, counted(start)) : masks;
  const pruned = withParameters(source, applyMasks(start, masks));
  evaluator.load(parametersOf(pruned, start.keys()));
  const rightAfter = prune && !prune.gradual ? (await evaluator.evaluate(data.validation)).value : undefined;
  const twin = prune?.clearDead && !prune.gradual ? await twinOf(engine, pruned) : undefined;
  const small = twin?.model ?? pruned;
  const dropped = round.inputDropout ? inputDropout(source, masks, round.inputDropout) : 0;
  // What enters the frozen layers then differs from step to step, or a teacher reads it too.
  const varied = dropped > 0 || round.augmentation !== undefined || options.distillation !== undefined;
  const rest = varied ? undefined : await withoutFrozenPrefix(engine, small, data, frozen, options);
  const learning = rest ?? { model: small, data };
  try {
    const trained = await learn(
      engine,
      learning,
      learning.model === pruned ? evaluator : undefined,
      {
        ...options,
        ...round,
        frozen,
        masks: twin ? masksOfZeros(parametersOf(small, weights), weights) : masks,
        splicing: prune?.gradual?.splicing,
        dropout: dropoutRatios(source, left, round.retrainingDropout),
      },
      {
        ...options,
        ...round,
        inputDropout: dropped,
        pacing: prune?.gradual && gradually(prune.target, prune.gradual, free, counted(start), by(prune, options)),
      },
      options.local,
    );
    if (trained.aborted) return { interrupted: trained };
    const { best, history } = trained;
    const found = best?.parameters ?? new Map();
    const learned = twin?.whole(found) ?? new Map([...parametersOf(pruned, start.keys()), ...found]);
    const parameters = prune?.clearDead ? await clearDeadUnits(engine, withParameters(source, learned)) : learned;
    const result = {
      name: round.name,
      density: densityOf(counted(parameters)),
      layers: layerDensities(layers, parameters),
      pruned: rightAfter,
      bestEpoch: best?.epoch ?? 0,
      validation: best?.validation ?? rightAfter ?? Number.NaN,
      epochs: history,
    };
    return { result, parameters };
  } finally {
    rest?.release();
  }
}

const namesOf = (layers: readonly Layer[]) => layers.map(({ weight }) => weight);

const by = ({ criterion = "magnitude" }: Pruning, { seed }: RoundOptions) => ({ criterion, seed });

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
