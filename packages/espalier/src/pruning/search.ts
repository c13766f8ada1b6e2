import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { taskFor } from "../tasks/index.ts";
import { reaches, worsened } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { type Parameters, pick, trainableParameters, withParameters } from "../training/parameters.ts";
import { allocate, liveOf, mostHarmed, startingDensities } from "./allocation.ts";
import { countAll } from "./mask.ts";
import type { Round, RoundResult } from "./round.ts";
import type { RoundPlanner } from "./rounds.ts";

/** How far {@link searchRounds} goes, and how it retrains. */
export interface RoundSearchOptions {
  /** The worst value of the measure that the result may have on the validation split; default: any. */
  readonly limit?: number;
  /** How far beyond the limit a round may end and the search still go on from it: what chance alone explains. Default: 0. */
  readonly slack?: number;
  /** All parameters / non-zero ones, at which to stop; default: as far as the limit allows. */
  readonly rate?: number;
  /** The layers to prune; default: all. */
  readonly layers?: readonly Layer[];
  /** How to retrain in each round. */
  readonly retrain: Omit<Round, "name" | "prune">;
  /** What the network is for; default: what the data says. */
  readonly task?: Task;
}

/** Connections before / after a round of the descent, and the least with which the search goes on. */
const STEP = 1.35;
const LEAST_STEP = 1.06;

/**
 * Looks for the smallest network within a limit of the task's measure on the validation split. Every round divides what may stay among the
 * layers by their sensitivities, prunes, and retrains.
 *
 * First the search descends: the first densities are those that each layer alone bears without retraining, then each
 * round tightens, until one ends beyond limit and slack. Then it returns to the best network and backs off: it spares
 * the layer that suffers most, then takes smaller steps, until they are too small to matter.
 */
export function searchRounds(engine: Engine, model: Model, data: Dataset, options: RoundSearchOptions): RoundPlanner {
  const { limit, slack = 0, rate = Number.POSITIVE_INFINITY, retrain, task = taskFor(data) } = options;
  const { measure } = task;
  const layers = options.layers ?? layersOf(model);

  return {
    async next(results, networks) {
      const { ended, descending, step, sparing } = stateOf(results, rate);
      if (ended) return undefined;
      const from = descending ? "last" : "best";
      const network = withParameters(model, networks[from]);
      // A layer that is all zero has nothing to cut.
      const alive = layers.filter((layer) => liveOf(network, layer) > 0);
      if (alive.length === 0 && results.length > 0) return undefined;
      if (alive.length === 0) throw new UserError("The weights of every layer are zero: there is nothing to prune.");
      const live = alive.reduce((sum, layer) => sum + liveOf(network, layer), 0);
      const part = Math.max(1 / step, partAtRate(networks[from], live));
      const spared = sparing
        ? await mostHarmed(engine, network, data, task, alive, results[results.length - 1].layers)
        : "";
      const cut = alive.filter(({ name }) => name !== spared);
      const first = results.length === 0 ? await startingDensities(engine, network, data, alive, task) : undefined;
      // Layers that bear hardly anything alone may do so once the network is retrained.
      const idle = first !== undefined && keptOf(first, alive) * LEAST_STEP > live;
      const densities =
        first && !idle && keptOf(first, alive) >= part * live
          ? first
          : await allocate(engine, network, data, cut, idle ? Math.max(part, 1 / STEP) : part, task);
      const prune = { target: { kind: "density", layers: [...densities] } as const, part: 1, clearDead: true };
      return { round: { name: `round ${results.length + 1}`, prune, ...retrain }, from };
    },
    left(results) {
      const { ended, descending, step } = stateOf(results, rate);
      if (ended) return { least: 0, most: 0 };
      const { density } = results[results.length - 1] ?? { density: 1 };
      // Of a rate alone, every round goes the same part of the way.
      if (limit === undefined) {
        const rounds = Math.max(1, Math.ceil(Math.log(rate * density) / Math.log(STEP)));
        return { least: rounds, most: rounds };
      }
      if (descending) return { least: 1 + halvings(Math.sqrt(STEP)) };
      return { least: 1, most: 2 * halvings(step) };
    },
    judge({ validation, density }, results) {
      const { descending } = stateOf(results, rate);
      const within = limit === undefined || reaches(measure, validation, limit);
      const near = limit === undefined || reaches(measure, validation, worsened(measure, limit, slack));
      const smallest = results.every(({ verdict, density: other }) => !verdict.best || density < other);
      return { accepted: within || (descending && near), best: within && smallest, within };
    },
  };

  function keptOf(densities: ReadonlyMap<string, number>, alive: readonly Layer[]): number {
    return alive.reduce((sum, { name, tensor }) => sum + (densities.get(name) ?? 1) * tensor.data.length, 0);
  }

  /** The part of the live weights that may stay at the rate. */
  function partAtRate(parameters: Parameters, live: number): number {
    const { parameters: all, nonzero } = countAll(pick(parameters, trainableParameters(model)));
    return (all / rate - (nonzero - live)) / live;
  }
}

/** How often a step is halved until it is too small to matter. */
function halvings(step: number): number {
  let count = 0;
  for (let s = step; s >= LEAST_STEP && Number.isFinite(s); s = Math.sqrt(s)) count++;
  return Math.max(1, count);
}

interface SearchState {
  readonly ended: boolean;
  readonly descending: boolean;
  /** Connections before / after the next round. */
  readonly step: number;
  /** Whether the next round spares the layer that suffered most in the last. */
  readonly sparing: boolean;
}

/** Where a search is, from its results alone, so that it can be resumed. */
function stateOf(results: readonly RoundResult[], rate: number): SearchState {
  let state: SearchState = { ended: false, descending: true, step: Number.POSITIVE_INFINITY, sparing: false };
  let before = 1;
  for (const { verdict, density } of results) {
    const { descending, step, sparing } = state;
    // Where a round cuts hardly anything, as biases alone are left or each layer keeps its last unit, so would the next.
    const stuck = before / density < 1.005;
    const reached = verdict.best && density * rate <= 1;
    const taken = Math.min(step, before / density);
    if (reached || (stuck && verdict.accepted && (verdict.best || descending))) state = { ...state, ended: true };
    else if (descending && verdict.accepted) state = { ...state, step: STEP };
    else if (descending) state = { ended: false, descending: false, step: Math.sqrt(taken), sparing: false };
    else if (verdict.accepted && !stuck) state = { ...state, sparing: false };
    else if (!sparing) state = { ...state, sparing: true };
    else state = { ...state, step: Math.sqrt(step), sparing: false };
    if (state.step < LEAST_STEP) state = { ...state, ended: true };
    if (verdict.accepted) before = density;
  }
  return state;
}
