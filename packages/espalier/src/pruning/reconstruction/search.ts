import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { Model } from "../../onnx/graph.ts";
import { type Layer, layersOf } from "../../operators/layers.ts";
import type { Task } from "../../tasks/task.ts";
import type { Agreement } from "../../training/agreement.ts";
import { Evaluator } from "../../training/evaluate.ts";
import { likenessOn } from "../../training/likeness.ts";
import { type Parameters, parametersOf, trainableParameters } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import { balance, type LossCurve } from "../allocation.ts";
import { countAll } from "../mask.ts";
import { type FitCurve, fitCurves } from "./curves.ts";
import { reconstruct } from "./reconstruct.ts";
import { liveIn } from "./stage.ts";

export interface UnlabeledOptions {
  /** How far to go. */
  readonly target:
    | { readonly kind: "loss"; readonly points: number }
    | { readonly kind: "rate"; readonly rate: number }
    | { readonly kind: "densities"; readonly densities: ReadonlyMap<string, number> };
  /** The layers to cut and fit; default: all. */
  readonly layers?: readonly Layer[];
  /** The task of imitation, whose targets the data has; default: the output is class scores. */
  readonly imitation?: Task;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  readonly onCurve?: (curve: FitCurve) => void;
  readonly onTrial?: (trial: PruningTrial, parameters: Parameters) => void | Promise<void>;
}

/** A network that was tried. */
export interface PruningTrial {
  /** All parameters / non-zero ones. */
  readonly rate: number;
  /** By layer. */
  readonly densities: Readonly<Record<string, number>>;
  /** With the whole network, on the validation split. */
  readonly agreement: Agreement;
  /** Whether it is within the loss that is allowed. */
  readonly accepted: boolean;
}

export interface UnlabeledResult {
  /** The smallest network that was accepted; undefined where none was. */
  readonly parameters?: Parameters;
  readonly trials: readonly PruningTrial[];
  readonly curves: readonly FitCurve[];
}

/** Parts of each layer's connections at which its own error is measured, and those at which the outputs' is. */
const PARTS = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.22, 0.15, 0.1];
const PROBED = [0.7, 0.4];

/** Connections before / after a step of the descent, and the least difference of rates that still matters. */
const STEP = 1.2;
const LEAST_STEP = 1.02;

/**
 * Prunes a network without labels and without training: divides connections among the layers by how far their loss
 * moves the outputs, fits every layer that is left on the training split, and goes on until the top 1 accuracy that the
 * validation split predicts has fallen too far. Neither reads a label.
 */
export async function pruneUnlabeled(
  engine: Engine,
  model: Model,
  data: LearningData,
  options: UnlabeledOptions,
): Promise<UnlabeledResult> {
  const { target, signal, onTrial, onWork, imitation } = options;
  const all = layersOf(model);
  const layers = options.layers ?? all;
  const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model), { task: imitation });
  const likeness = await likenessOn(evaluator, data.validation, imitation, signal);
  const curves =
    target.kind === "densities"
      ? []
      : await fitCurves(engine, model, data, PARTS, PROBED, { signal, onLayer: options.onCurve, onWork }, imitation);
  const frozen = new Set(
    all.filter((layer) => !layers.some(({ name }) => name === layer.name)).map(({ name }) => name),
  );
  const cuttable = layers.filter(({ name }) => curves.some((curve) => curve.name === name && curve.points.length > 1));
  const live = cuttable.reduce((sum, layer) => sum + liveIn(layer), 0);
  const whole = parametersOf(model, trainableParameters(model));
  const counts = countAll(whole);
  const trials: PruningTrial[] = [];
  let best: { readonly rate: number; readonly parameters: Parameters } | undefined;

  const attempt = async (densities: ReadonlyMap<string, number>): Promise<PruningTrial> => {
    const changed = await reconstruct(engine, model, data, densities, { frozen, signal, onWork });
    const parameters = new Map([...whole, ...changed]);
    const { parameters: count, nonzero } = countAll(parameters);
    const rate = count / nonzero;
    evaluator.load(parameters);
    const agreement = await likeness();
    const accepted = target.kind !== "loss" || agreement.expectedLoss <= target.points;
    const trial = { rate, densities: Object.fromEntries(densities), agreement, accepted };
    trials.push(trial);
    if (accepted && (!best || rate > best.rate)) best = { rate, parameters };
    await onTrial?.(trial, parameters);
    return trial;
  };
  /** The densities at which so many of all parameters are not zero. */
  const keptAt = (rate: number) => counts.parameters / rate - (counts.nonzero - live);
  const densitiesAt = (rate: number): ReadonlyMap<string, number> => {
    const kept = keptAt(rate);
    if (kept < 1) throw new UserError(`The rate ${rate} cannot be reached: ask for less.`);
    if (kept >= live)
      throw new UserError(
        `The network is at ${(counts.parameters / counts.nonzero).toFixed(2)}x already: ask for a rate above it.`,
      );
    const chosen = curves.filter(({ name }) => cuttable.some((layer) => layer.name === name));
    return balance(chosen.map(asSensitivity), kept);
  };

  try {
    if (target.kind === "densities") await attempt(target.densities);
    else if (target.kind === "rate") await attempt(densitiesAt(target.rate));
    else {
      await descend(counts.parameters / counts.nonzero, async (rate) =>
        // Where every connection is cut there is nothing smaller.
        keptAt(rate) < 1 ? undefined : attempt(densitiesAt(rate)),
      );
    }
  } finally {
    await evaluator.release();
  }
  return { parameters: best?.parameters, trials, curves };
}

/**
 * Raises the rate until a network is not accepted, then halves the distance to the last that was. It ends where a
 * network is accepted that is no smaller than the one before.
 * @param attempt undefined for a rate that cannot be
 */
async function descend(rate: number, attempt: (rate: number) => Promise<PruningTrial | undefined>): Promise<void> {
  let low = rate;
  let high = Number.POSITIVE_INFINITY;
  let smallest = rate;
  while (high / low > LEAST_STEP) {
    const next = high === Number.POSITIVE_INFINITY ? low * STEP : Math.sqrt(low * high);
    const trial = await attempt(next);
    if (!trial?.accepted) {
      high = next;
      continue;
    }
    if (trial.rate <= smallest) return;
    [low, smallest] = [next, trial.rate];
  }
}

/**
 * A layer's curve by the divergence of the outputs. For small errors that is proportional to the square of the layer's
 * error, by a factor which the points that were measured give.
 */
export function asSensitivity({ name, weights, points }: FitCurve): LossCurve {
  let [measured, errors] = [0, 0];
  for (const { error, divergence = 0 } of points) {
    if (divergence > 0) {
      measured += Math.log(divergence);
      errors += Math.log(error);
    }
  }
  const count = points.filter(({ divergence = 0 }) => divergence > 0).length;
  const factor = count === 0 ? 1 : Math.exp((measured - errors) / count);
  return { name, weights, points: points.map(({ density, error }) => ({ density, loss: factor * error })) };
}
