import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { OptionsError } from "../options-error.ts";
import { countNonzero } from "../pruning/mask.ts";
import { type PruningTrial, pruneUnlabeled, type UnlabeledOptions } from "../pruning/reconstruction/search.ts";
import { chooseMasks } from "../pruning/target.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import type { Measure } from "../tasks/measure.ts";
import { remarkOn } from "../tasks/remark.ts";
import type { Task } from "../tasks/task.ts";
import type { Agreement } from "../training/agreement.ts";
import { Evaluator, evaluationsOf, type Quality, valuesOf } from "../training/evaluate.ts";
import { likenessOn } from "../training/likeness.ts";
import { parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { countParameters, frozenParameters, type ParameterCounts } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { pruneUnlabeledOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { onScores } from "./prepare-task.ts";

const schema = z.object({ ...taskOptions, ...pruneUnlabeledOptions });

/** How far to go, one of `maxLoss`, `rate` and `density`; and the layers to leave as they are. */
export interface PruneWithoutLabelsOptions extends z.input<typeof schema>, Hooks {
  /** Is given each network that is smaller than all before, as far as it is within the loss. */
  readonly onBest?: (model: Model) => void | Promise<void>;
}

/** A network that was pruned without labels. */
export interface PruneWithoutLabelsResult extends ParameterCounts {
  /** The pruned network, in the form in which the whole one came. */
  readonly model: Model;
  /** All parameters / those that are not zero. */
  readonly compressionRate: number;
  /** By what the networks were judged; null where the data has no labels. */
  readonly measure: Measure | null;
  /** How well the network did as it came; null where the data has no labels. */
  readonly baseline: Quality | null;
  /** How well the pruned network does; null where the data has no labels. */
  readonly pruned: Quality | null;
  /** How far its outputs are those of the network as it came. */
  readonly agreement: { readonly validation: Agreement; readonly test: Agreement };
  /** The paper's table of the pruned network. */
  readonly layers: readonly LayerRow[];
  /** The networks that were tried, in order. */
  readonly trials: readonly PruningTrial[];
  /** From start to end. */
  readonly seconds: number;
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
  const startedAt = performance.now();
  const { onBest, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { task: wanted, measure, output, maxLoss } = chosen;
  const choice = { task: wanted, measure, output, maxLoss };
  return onScores(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model, restore, rounded } = adopted;
    const frozen = frozenParameters(model, chosen.freeze);
    const layers = layersOf(model).filter(({ weight }) => !frozen.has(weight));
    const target = targetOf(chosen, layers);
    let smallest = 1;
    const { parameters, trials } = await pruneUnlabeled(engine, model, data, {
      target,
      layers,
      imitation: imitation && task,
      signal: hooks.signal,
      onWork: workOf(hooks),
      onCurve: ({ name }) => hooks.onProgress?.({ kind: "layer", name }),
      async onTrial(trial, parameters) {
        hooks.onProgress?.({ kind: "pruning", trial });
        if (!trial.accepted || trial.rate <= smallest) return;
        smallest = trial.rate;
        await onBest?.(restore(parameters));
      },
    });
    if (!parameters) {
      const text = "No smaller network within the loss of accuracy was found: the result is the model as it came.";
      hooks.onProgress?.({ kind: "note", text });
    }
    const pruned = parameters ? withParameters(model, rounded(parameters)) : model;
    workOf(hooks)("Comparing with the network as it came", 0);
    const labelled = data.targets.length > 0;
    const counts = countParameters(pruned);
    const { signal } = hooks;
    const before = labelled ? await evaluationsOf(engine, model, data, task, signal) : undefined;
    const after = labelled ? await evaluationsOf(engine, pruned, data, task, signal) : undefined;
    const remark = before && after && remarkOn(task.measure, before.test, after.test, maxLoss);
    if (remark) hooks.onProgress?.({ kind: "note", text: remark });
    return {
      model: parameters ? restore(parameters) : source,
      ...counts,
      compressionRate: counts.parameters / counts.nonzero,
      measure: labelled ? task.measure : null,
      baseline: before ? valuesOf(before) : null,
      pruned: after ? valuesOf(after) : null,
      agreement: await agreementOf(engine, data, { model, pruned }, imitation && task, signal),
      layers: await layerTable(engine, pruned, data, signal),
      trials,
      seconds: (performance.now() - startedAt) / 1000,
    };
  });
}

async function agreementOf(
  engine: Engine,
  data: Dataset,
  { model, pruned }: { readonly model: Model; readonly pruned: Model },
  task: Task | undefined,
  signal: AbortSignal | undefined,
) {
  const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model), { task });
  try {
    const [validation, test] = [
      await likenessOn(evaluator, data.validation, task, signal),
      await likenessOn(evaluator, data.test, task, signal),
    ];
    evaluator.load(parametersOf(pruned, trainableParameters(model)));
    return { validation: await validation(), test: await test() };
  } finally {
    await evaluator.release();
  }
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
