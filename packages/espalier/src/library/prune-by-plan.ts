import { z } from "zod";
import { trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { OptionsError } from "../options-error.ts";
import { criterionName } from "../pruning/criteria/index.ts";
import { masksOfZeros } from "../pruning/mask.ts";
import { inTurn, pruningRounds } from "../pruning/recipe-rounds.ts";
import { checkTarget, type Target } from "../pruning/target.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import { splitHooks } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { prunePlanOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { onTask } from "./prepare-task.ts";
import { type PruneHooks, type PruneResult, runPruning } from "./prune.ts";
import { lossOf } from "./training.ts";

const schema = z.object({ ...taskOptions, ...prunePlanOptions });

const ROUNDS = 3;
const EPOCHS = 8;
/** A gradual schedule chooses masks anew every so many steps, over this part of the retraining. */
const GRADUAL = { every: 32, until: 0.6 };

/** How far to prune, one of `rate`, `density`, `quality` and `maskOf`; how to go there; and how to retrain. */
export interface PruneByPlanOptions extends z.input<typeof schema>, PruneHooks {
  /** A network of the same layers, of which every zero is cut, in one round. */
  readonly maskOf?: Model;
}

/**
 * Prunes a trained network to a target in rounds and retrains what is left after each (Han et al., NIPS 2015,
 * section 3). The parameters of the best epoch on the validation split count.
 * @throws UserError for a target that cannot be reached, options that do not go together, or data that does not fit
 */
export async function pruneByPlan(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: PruneByPlanOptions,
): Promise<PruneResult> {
  const startedAt = performance.now();
  const { onBest, maskOf, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const choice = { ...chosen, loss: lossOf(chosen) };
  return onTask(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model } = adopted;
    const target = targetOf(chosen, maskOf);
    const { criterion = "magnitude", rounds = maskOf ? 1 : ROUNDS, gradual = false, splicing = false } = chosen;
    if (target.kind === "quality" && criterion !== "magnitude") {
      throw new OptionsError(
        (o) =>
          `${o("quality")} is for magnitudes: give ${o("density")} or ${o("rate")} with ${o("criterion")} ${criterionName(criterion)}.`,
      );
    }
    checkTarget(target, layersOf(model), parametersOf(model, trainableParameters(model)));
    const how = { criterion, gradual: gradual || splicing ? { ...GRADUAL, splicing } : undefined };
    const run = {
      task,
      adopted,
      imitation,
      options: chosen,
      intent: maskOf
        ? { kind: "masks" }
        : {
            kind: "rounds",
            target,
            rounds,
            criterion: criterionName(criterion),
            gradual: gradual || splicing,
            splicing,
            inTurn: chosen.inTurn,
          },
      hot: false,
      epochs: EPOCHS,
      async plan(retrain: Parameters<typeof pruningRounds>[2]) {
        const all = pruningRounds(target, rounds, retrain, how);
        return chosen.inTurn ? inTurn(all, chosen.inTurn, model) : all;
      },
      startedAt,
    };
    return runPruning(engine, data, run, { ...hooks, onBest });
  });
}

function targetOf({ rate, density, quality }: z.output<typeof schema>, maskOf: Model | undefined): Target {
  const targets: Target[] = [];
  if (rate !== undefined) targets.push({ kind: "rate", rate });
  if (density) targets.push({ kind: "density", layers: density });
  if (quality) targets.push({ kind: "quality", layers: quality });
  if (maskOf) targets.push(masksIn(trainableForm(maskOf).model));
  if (targets.length === 1) return targets[0];
  throw new OptionsError(
    (o) =>
      `How far to prune is not clear: give one of ${o("rate")}, ${o("density")}, ${o("quality")} and ${o("maskOf")}.`,
  );
}

function masksIn(model: Model): Target {
  const weights = layersOf(model).map(({ weight }) => weight);
  return { kind: "masks", masks: masksOfZeros(parametersOf(model, trainableParameters(model)), weights) };
}
