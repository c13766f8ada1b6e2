import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { OptionsError } from "../options-error.ts";
import { countNonzero } from "../pruning/mask.ts";
import { pruneUnlabeled, type UnlabeledOptions } from "../pruning/reconstruction/search.ts";
import { chooseMasks } from "../pruning/target.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { frozenParameters } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { pruneUnlabeledOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { judged, type PruneWithoutLabelsResult } from "./without-labels.ts";

const schema = z.object({ ...taskOptions, ...pruneUnlabeledOptions });

/** How far to go, one of `maxLoss`, `rate` and `density`; and the layers to leave as they are. */
export interface PruneWithoutLabelsOptions extends z.input<typeof schema>, Hooks {
  /** Is given each network that is smaller than all before, as far as it is within the loss. */
  readonly onBest?: (model: Model) => void | Promise<void>;
}

/**
 * Prunes a network without labels and without training: what is left of each layer is fitted to what the layer computed
 * on some samples. No label is read, unless to report the measure where there are labels.
 * @throws the signal's reason when it ends the work; UserError for a target that cannot be reached, data that does not
 *   fit, or an option that is not valid
 */
export async function pruneWithoutLabels(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: PruneWithoutLabelsOptions,
): Promise<PruneWithoutLabelsResult> {
  const { onBest, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { task, measure, output, maxLoss } = chosen;
  const choice = { task, measure, output, maxLoss };
  const { networks: _, ...result } = await judged(
    engine,
    source,
    samples,
    choice,
    { ...hooks, onBest },
    async ({ adopted: { model }, data, imitation, onTrial }) => {
      const frozen = frozenParameters(model, chosen.freeze);
      const layers = layersOf(model).filter(({ weight }) => !frozen.has(weight));
      return pruneUnlabeled(engine, model, data, {
        target: targetOf(chosen, layers),
        layers,
        imitation,
        signal: hooks.signal,
        onWork: workOf(hooks),
        onCurve: ({ name }) => hooks.onProgress?.({ kind: "layer", name }),
        onTrial,
      });
    },
  );
  return result;
}

function targetOf(
  { maxLoss, rate, density }: z.output<typeof schema>,
  layers: readonly Layer[],
): UnlabeledOptions["target"] {
  if ([maxLoss, rate, density].filter((value) => value !== undefined).length !== 1) {
    throw new OptionsError(
      (o) =>
        `How far to prune without labels is not clear: give one of ${o("maxLoss")}, ${o("rate")} and ${o("density")}.`,
    );
  }
  if (maxLoss !== undefined) return { kind: "loss", points: maxLoss };
  if (rate !== undefined) return { kind: "rate", rate };
  const weights = new Map(layers.map(({ weight, tensor }) => [weight, tensor]));
  const masks = chooseMasks({ kind: "density", layers: density ?? [] }, layers, weights);
  const densities = layers.flatMap(({ name, weight }) => {
    const mask = masks.get(weight);
    return mask ? [[name, countNonzero(mask) / mask.data.length] as const] : [];
  });
  return { kind: "densities", densities: new Map(densities) };
}
