import type { Dataset } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { taskFor } from "../../tasks/index.ts";
import { reaches } from "../../tasks/measure.ts";
import type { Task } from "../../tasks/task.ts";
import { withParameters } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import type { Round, RoundResult } from "../round.ts";
import type { RoundPlanner } from "../rounds.ts";
import { type Anatomy, anatomyOf } from "./anatomy.ts";
import { chooseUnits, type UnitScores } from "./choose.ts";
import { type CostKind, UnitCosts } from "./costs.ts";
import { layerErrors, scoresFrom } from "./layer-errors.ts";
import { masksWithout } from "./masks.ts";
import { gradientScores, l2Scores, type UnitCriterion } from "./scores.ts";
import { reached, type Stopwatch } from "./times.ts";

/** How far rounds go, by what units are chosen, and how what is left is retrained. */
export interface UnitRoundsOptions {
  /** The cost before / after at which to stop; default: as far as the limit allows. */
  readonly factor?: number;
  /** The worst value of the measure that the result may have on the validation split; default: any. */
  readonly limit?: number;
  readonly cost: CostKind;
  /** Given where the cost is time. */
  readonly stopwatch?: Stopwatch;
  readonly criterion: UnitCriterion;
  readonly frozen: ReadonlySet<string>;
  /** How to retrain in each round. */
  readonly retrain: Omit<Round, "name" | "prune">;
  readonly batch: number;
  readonly seed: number;
  /** What the network is for; default: what the data says. */
  readonly task?: Task;
  /** Whether the task is to imitate the network: its outputs are compared by the task's loss. */
  readonly imitates?: boolean;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
}

/** Cost before / after a round, and the least with which a search goes on. */
const STEP = 1.4;
const LEAST_STEP = 1.03;
/** A round that saves less than this ends them. */
const STUCK = 1.005;
/** How near to the factor is near enough: the clock tells no more. */
const NEAR = 0.995;

/**
 * Removes units in rounds, each of which makes the network cheaper by equal factors and retrains what is left. With a
 * limit, a round that ends beyond it is undone, and the next takes a smaller step.
 */
export function unitRounds(engine: Engine, model: Model, data: Dataset, options: UnitRoundsOptions): RoundPlanner {
  const { factor = Number.POSITIVE_INFINITY, limit, cost, stopwatch, frozen, task = taskFor(data) } = options;
  const { measure } = task;
  let whole: number | undefined;

  return {
    async next(results, { best }) {
      const step = stepAfter(results);
      if (step < LEAST_STEP) return undefined;
      const network = withParameters(model, best);
      const anatomy = await anatomyOf(engine, network, frozen);
      const costs = UnitCosts.of(anatomy, cost, stopwatch?.layers);
      whole ??= UnitCosts.of(await anatomyOf(engine, model, frozen), cost, stopwatch?.layers).total;
      const left = factor / (await reached(network, whole / costs.total, stopwatch));
      if (left * NEAR <= 1) return undefined;
      const rounds = Math.max(1, Math.ceil(Math.log(left) / Math.log(step)));
      const by = Number.isFinite(left) ? left ** (1 / rounds) : step;
      const before = costs.total;
      const removed = chooseUnits(anatomy, await scoresOf(network, anatomy), costs, before / by);
      if (before / costs.total < STUCK) return undefined;
      const target = { kind: "masks", masks: masksWithout(anatomy, removed), ofUnits: true } as const;
      const prune = { target, part: 1, clearDead: true };
      return { round: { name: `round ${results.length + 1}`, prune, ...options.retrain }, from: "best" };
    },
    left: (results) => (stepAfter(results) < LEAST_STEP ? { least: 0, most: 0 } : { least: 1 }),
    judge({ validation }) {
      const within = limit === undefined || reaches(measure, validation, limit);
      return { accepted: within, best: within, within };
    },
  };

  async function scoresOf(network: Model, anatomy: Anatomy): Promise<UnitScores> {
    const { criterion, batch, seed, signal, onWork } = options;
    switch (criterion) {
      case "l2":
        return l2Scores(anatomy);
      case "reconstruction": {
        const own = options.imitates ? task : undefined;
        const { errors, sensitivities } = await layerErrors(engine, network, data, anatomy, { signal, onWork }, own);
        return scoresFrom(anatomy, errors, sensitivities);
      }
      default:
        return gradientScores(criterion, engine, network, data, anatomy, { batch, seed, task });
    }
  }
}

/** The cost before / after the next round: what failed is tried again with the root of it. */
function stepAfter(results: readonly RoundResult[]): number {
  return results.reduce((step, { verdict }) => (verdict.best ? step : Math.sqrt(step)), STEP);
}
