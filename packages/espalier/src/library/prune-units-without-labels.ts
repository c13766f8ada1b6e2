import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { runtimeOf } from "../engine/stopwatch.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import type { Stopwatch } from "../pruning/by-units/times.ts";
import { pruneUnitsUnlabeled } from "../pruning/by-units/unlabeled.ts";
import { smallest } from "./compact.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { frozenParameters } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { pruneUnitsUnlabeledOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { costOf, type Shrinkage, type SpeedHooks, shrinkage, stopwatchFor } from "./prune-by-units.ts";
import { judged, type PruneWithoutLabelsResult } from "./without-labels.ts";

const schema = z.object({ ...taskOptions, ...pruneUnitsUnlabeledOptions });

/** How far to go, one or several of `speed`, `rate` and `maxLoss`; what units are weighed by; and layers to leave. */
export interface PruneUnitsWithoutLabelsOptions extends z.input<typeof schema>, Hooks, SpeedHooks {
  /** Is given each network that is smaller than all before, as far as it is within the loss. */
  readonly onBest?: (model: Model) => void | Promise<void>;
}

/** A network of which whole units were removed without labels: `model` is the smaller one. */
export interface PruneUnitsWithoutLabelsResult extends PruneWithoutLabelsResult, Shrinkage {}

/**
 * Removes whole units of a network without labels and without training: those whose removal moves the outputs least for
 * what they cost. What is left of each layer is fitted to what the layer computed on some samples.
 * @throws the signal's reason when it ends the work; UserError for options that are not valid, or data that does not fit
 */
export async function pruneUnitsWithoutLabels(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: PruneUnitsWithoutLabelsOptions,
): Promise<PruneUnitsWithoutLabelsResult> {
  const startedAt = performance.now();
  const { onBest, on = runtimeOf(engine), times, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { task, measure, output, maxLoss, speed, rate, unitCriterion } = chosen;
  const cost = costOf(chosen);
  if (unitCriterion !== undefined && unitCriterion !== "reconstruction") {
    throw new OptionsError(
      (o) => `Without labels units are chosen by reconstruction: leave out ${o("unitCriterion")} ${unitCriterion}.`,
    );
  }
  const small = (whole: Model) => smallest(engine, whole, samples, hooks.signal);
  let stopwatch: Stopwatch | undefined;
  const { networks, ...result } = await judged(
    engine,
    source,
    samples,
    { task, measure, output, maxLoss },
    { ...hooks, onBest: onBest && (async (whole) => onBest((await small(whole)).model)) },
    async ({ adopted: { model }, data, imitation, onTrial }) => {
      stopwatch = await stopwatchFor(engine, model, chosen, { on, times }, hooks);
      return pruneUnitsUnlabeled(engine, model, data, {
        factor: speed ?? rate,
        points: maxLoss,
        cost,
        stopwatch,
        frozen: frozenParameters(model, chosen.freeze),
        imitation,
        signal: hooks.signal,
        onWork: workOf(hooks),
        onTrial,
      });
    },
  );
  const shrunk = await shrinkage(engine, networks, stopwatch, { on, batch: chosen.speedBatch });
  const { model, layers: units } = await small(result.model);
  return { ...result, model, units, ...shrunk, seconds: (performance.now() - startedAt) / 1000 };
}
