import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { type Runtime, runtimeOf } from "../engine/stopwatch.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { anatomyOf } from "../pruning/by-units/anatomy.ts";
import { type CostKind, UnitCosts } from "../pruning/by-units/costs.ts";
import { unitRounds } from "../pruning/by-units/rounds.ts";
import { Stopwatch, type TimesStore } from "../pruning/by-units/times.ts";
import type { Round } from "../pruning/round.ts";
import type { Removal } from "../pruning/units/remove.ts";
import { worsened } from "../tasks/measure.ts";
import { evaluate } from "../training/evaluate.ts";
import { smallest } from "./compact.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { checkOptions, type Values } from "./options/option.ts";
import { pruneUnitsOptions, type unitOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { onTask } from "./prepare-task.ts";
import { type PruneHooks, type PruneResult, runPruning } from "./prune.ts";
import { lossOf } from "./training.ts";

const schema = z.object({ ...taskOptions, ...pruneUnitsOptions });
const EPOCHS = 8;

/** Where speed is measured and kept. */
export interface SpeedHooks {
  /** The runtime whose speed counts; default: the engine that trains. */
  readonly on?: Runtime;
  /** Keeps what was measured, so that a run that is resumed goes by the same; default: nothing is kept. */
  readonly times?: TimesStore;
}

/** How far to go, one or several of `speed`, `rate` and `maxLoss`; what units are weighed by; and how to retrain. */
export interface PruneByUnitsOptions extends z.input<typeof schema>, PruneHooks, SpeedHooks {}

/** How much smaller a network without some of its units is. */
export interface Shrinkage {
  /** Units of each layer before and after. */
  readonly units: Removal["layers"];
  /** Multiply-accumulate operations of a sample, before and after. */
  readonly macs: { readonly before: number; readonly after: number };
  /** Milliseconds of a run, measured in turns, where speed was asked for. */
  readonly speed?: {
    readonly runtime: string;
    readonly batch: number;
    readonly before: number;
    readonly after: number;
  };
}

/** A network of which whole units were removed: `model` is the smaller one, of the same inputs and outputs. */
export interface PruneByUnitsResult extends PruneResult, Shrinkage {}

/**
 * Removes whole units of a trained network in rounds and retrains what is left after each: units that can only go
 * together (DepGraph, arXiv 2301.12900), those that matter least for what they cost. The smaller network is an ordinary
 * one, faster in every runtime.
 * @throws UserError for options that are not valid or do not go together, or data that does not fit
 */
export async function pruneByUnits(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: PruneByUnitsOptions,
): Promise<PruneByUnitsResult> {
  const startedAt = performance.now();
  const { onBest, on = runtimeOf(engine), times, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const cost = costOf(chosen);
  const choice = { ...chosen, loss: lossOf(chosen) };
  return onTask(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model } = adopted;
    const { maxLoss, seed, unitCriterion: criterion = imitation ? "reconstruction" : "taylor" } = chosen;
    const stopwatch = await stopwatchFor(engine, model, chosen, { on, times }, hooks);
    const run = {
      task,
      adopted,
      imitation,
      options: chosen,
      intent: { kind: "units", ...asked(chosen), cost, criterion, on: stopwatch && on.name },
      maxLoss,
      hot: false,
      epochs: EPOCHS,
      async plan(retrain: Omit<Round, "name" | "prune">, frozen: ReadonlySet<string>) {
        const dense = maxLoss === undefined ? undefined : await evaluate(engine, model, data, data.validation, task);
        return unitRounds(engine, model, data, {
          factor: chosen.speed ?? chosen.rate,
          limit: dense && maxLoss !== undefined ? worsened(task.measure, dense.value, maxLoss) : undefined,
          cost,
          stopwatch,
          criterion,
          frozen,
          retrain,
          batch: Math.min(imitation?.batch ?? 64, data.train.size),
          seed,
          task,
          imitates: imitation !== undefined,
          signal: hooks.signal,
          onWork: workOf(hooks),
        });
      },
      startedAt,
    };
    const small = (whole: Model) => smallest(engine, whole, samples, hooks.signal);
    const result = await runPruning(engine, data, run, {
      ...hooks,
      onBest: onBest && (async (whole) => onBest((await small(whole)).model)),
    });
    const shrunk = await shrinkage(engine, result.networks, stopwatch, { on, batch: chosen.speedBatch });
    const { model: smaller, layers: units } = await small(result.model);
    return { ...result, model: smaller, units, ...shrunk, seconds: (performance.now() - startedAt) / 1000 };
  });
}

type Asked = Pick<Values<typeof unitOptions>, "speed" | "rate" | "maxLoss" | "cost" | "speedBatch">;

const asked = ({ speed, rate, maxLoss, speedBatch }: Asked) => ({
  speed,
  rate,
  maxLoss,
  speedBatch: speed === undefined ? undefined : speedBatch,
});

/**
 * By what units are weighed.
 * @throws UserError where it is not clear how far to go, or what is asked for would not be reached by that
 */
export function costOf({ speed, rate, maxLoss, cost, speedBatch }: Asked): CostKind {
  if (speed !== undefined && rate !== undefined) {
    throw new OptionsError((o) => `${o("speed")} and ${o("rate")} are two ways to say how far to go: give one.`);
  }
  if ((speed ?? rate ?? maxLoss) === undefined) {
    throw new OptionsError(
      (o) => `How far to prune is not clear: give ${o("speed")}, ${o("rate")} or ${o("maxLoss")}.`,
    );
  }
  const fitting = speed === undefined ? (rate === undefined ? undefined : "bytes") : "time";
  if (fitting !== undefined && cost !== undefined && cost !== fitting) {
    const named = speed === undefined ? "rate" : "speed";
    throw new OptionsError((o) => `${o(named)} goes by ${fitting}: leave out ${o("cost")} ${cost}.`);
  }
  const found = fitting ?? cost ?? "macs";
  if (found !== "time" && speedBatch !== 1) {
    throw new OptionsError((o) => `${o("speedBatch")} is about times, which nothing goes by here: leave it out.`);
  }
  return found;
}

/** Measures a network where times count. */
export async function stopwatchFor(
  engine: Engine,
  model: Model,
  chosen: Asked,
  { on, times }: Required<Pick<SpeedHooks, "on">> & SpeedHooks,
  hooks: Hooks & { readonly resume?: boolean },
): Promise<Stopwatch | undefined> {
  if (costOf(chosen) !== "time") return undefined;
  const { signal, resume = false } = hooks;
  const how = { runtime: on, batch: chosen.speedBatch, store: times, signal, onWork: workOf(hooks) };
  return Stopwatch.of(engine, model, resume, how);
}

/** How much smaller and faster a network is than it was. */
export async function shrinkage(
  engine: Engine,
  { dense, pruned }: PruneResult["networks"],
  stopwatch: Stopwatch | undefined,
  { on, batch }: { readonly on: Runtime; readonly batch: number },
): Promise<Omit<Shrinkage, "units">> {
  const [before, after] = await Promise.all(
    // Parts of layers are no whole numbers; operations are.
    [dense, pruned].map(async (model) =>
      Math.round(UnitCosts.of(await anatomyOf(engine, model, new Set()), "macs").total),
    ),
  );
  const times = await stopwatch?.speedOf(pruned);
  return {
    macs: { before, after },
    speed: times && { runtime: on.name, batch, before: times.before, after: times.after },
  };
}
