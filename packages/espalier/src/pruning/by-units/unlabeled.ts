import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { layersOf } from "../../operators/layers.ts";
import type { Task } from "../../tasks/task.ts";
import { Evaluator } from "../../training/evaluate.ts";
import { likenessOn } from "../../training/likeness.ts";
import { type Parameters, parametersOf, trainableParameters, withParameters } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import { countAll, layerDensities } from "../mask.ts";
import type { PruningTrial } from "../reconstruction/search.ts";
import { anatomyOf } from "./anatomy.ts";
import { chooseUnits } from "./choose.ts";
import { type CostKind, UnitCosts } from "./costs.ts";
import { fitAround } from "./fit-around.ts";
import { layerErrors, scoresFrom } from "./layer-errors.ts";
import { masksWithout } from "./masks.ts";
import { reached, type Stopwatch } from "./times.ts";

export interface UnlabeledUnitsOptions {
  /** The cost before / after at which to stop; default: as far as the loss allows. */
  readonly factor?: number;
  /** The loss that is allowed, in points of what the validation split predicts; default: any. */
  readonly points?: number;
  readonly cost: CostKind;
  /** Given where the cost is time. */
  readonly stopwatch?: Stopwatch;
  readonly frozen: ReadonlySet<string>;
  /** The task of imitation, whose targets the data has; default: the output is class scores. */
  readonly imitation?: Task;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  readonly onTrial?: (trial: PruningTrial, parameters: Parameters) => void | Promise<void>;
}

/** Cost before / after a step, and the least that still matters. */
const STEP = 1.25;
const LEAST_STEP = 1.02;
const STUCK = 1.002;
const NEAR = 0.995;

/**
 * Removes units without labels and without training, little by little: those whose removal moves the outputs least for
 * what they cost, by the errors of the layers that read them. After each step every layer is fitted to what it computed
 * in the whole network.
 */
export async function pruneUnitsUnlabeled(
  engine: Engine,
  model: Model,
  data: LearningData,
  options: UnlabeledUnitsOptions,
): Promise<{ readonly parameters?: Parameters; readonly trials: readonly PruningTrial[] }> {
  const { factor = Number.POSITIVE_INFINITY, points = Number.POSITIVE_INFINITY, cost, stopwatch } = options;
  const { frozen, imitation, signal, onWork, onTrial } = options;
  const names = trainableParameters(model);
  const layers = layersOf(model);
  const evaluator = await Evaluator.create(engine, model, data, names, { task: imitation });
  const trials: PruningTrial[] = [];
  let current = parametersOf(model, names);
  let best: Parameters | undefined;
  try {
    const likeness = await likenessOn(evaluator, data.validation, imitation, signal);
    const first = await anatomyOf(engine, model, frozen);
    const whole = UnitCosts.of(first, cost, stopwatch?.layers).total;
    const known = await layerErrors(engine, model, data, first, { signal, onWork }, imitation);
    let { errors } = known;
    for (let step = STEP; step >= LEAST_STEP; ) {
      const network = withParameters(model, current);
      const anatomy = await anatomyOf(engine, network, frozen);
      const costs = UnitCosts.of(anatomy, cost, stopwatch?.layers);
      const left = factor / (await reached(network, whole / costs.total, stopwatch));
      if (left * NEAR <= 1) break;
      const before = costs.total;
      const removed = chooseUnits(
        anatomy,
        scoresFrom(anatomy, errors, known.sensitivities),
        costs,
        before / Math.min(step, left),
      );
      if (before / costs.total < STUCK) break;
      const masks = masksWithout(anatomy, new Set([...anatomy.gone, ...removed]));
      const fit = await fitAround(engine, model, data, anatomy, masks, current, { frozen, signal, onWork });
      evaluator.load(fit.parameters);
      const agreement = await likeness();
      const accepted = agreement.expectedLoss <= points;
      const { parameters: all, nonzero } = countAll(fit.parameters);
      const trial = { rate: all / nonzero, densities: layerDensities(layers, fit.parameters), agreement, accepted };
      trials.push(trial);
      await onTrial?.(trial, fit.parameters);
      if (!accepted) {
        step = Math.sqrt(step);
        continue;
      }
      current = fit.parameters;
      best = current;
      errors = fit.errors;
    }
    return { parameters: best, trials };
  } finally {
    await evaluator.release();
  }
}
