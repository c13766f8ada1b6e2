import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import { PREPROCESSING_KEY, type Preprocessing } from "../data/preprocessing.ts";
import { VOCABULARY_KEY } from "../data/text/vocabulary.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { findRecipe, type Recipe } from "../pruning/recipes.ts";
import type { Round } from "../pruning/round.ts";
import { imitates } from "../tasks/index.ts";
import { isBetter, type Measure } from "../tasks/measure.ts";
import { evaluate, type Quality } from "../training/evaluate.ts";
import { parametersOf, withParameters } from "../training/parameters.ts";
import { type RunHooks, splitHooks } from "./hooks.ts";
import { localSgdOf, settingsOf } from "./local-sgd.ts";
import { buildNetwork, countParameters, frozenParameters, type ParameterCounts } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { shardOptions } from "./options/shards.ts";
import { taskOptions } from "./options/task.ts";
import { epochs, trainingOptions } from "./options/training.ts";
import { onTask } from "./prepare-task.ts";
import { runResumable } from "./rounds.ts";
import { imitationDefaults, LEARNING_RATE_KEY, lossOf, trainingOf } from "./training.ts";

/** The options of {@link train}: how long and how to train, and the output that the labels are about. */
export const trainOptions = {
  ...taskOptions,
  epochs: epochs("epochs (default: the network's recipe, or 10)"),
  ...trainingOptions,
  ...shardOptions,
};

const schema = z.object(trainOptions);
const EPOCHS = 10;

/** How to train, and for how long; `recipe` fills in what is left out. */
export interface TrainOptions extends z.input<typeof schema>, RunHooks {
  /** How photographs became the samples, which is written into the model; default: what the data says. */
  readonly preprocessing?: Preprocessing;
  /** How to train where the options leave it open; default: the recipe of a network by name, if it has one. */
  readonly recipe?: Recipe;
  /** The network to imitate, where that is the task; default: the model itself, as it came. */
  readonly against?: Model;
}

/** A trained network: by the measure, the test split read once. */
export interface TrainResult extends ParameterCounts, Quality {
  /** By what epochs and the result were judged. */
  readonly measure: Measure;
  /** With the weights of the best epoch on the validation split; in the form in which it came. */
  readonly model: Model;
  /** Epochs that were trained. */
  readonly epochs: number;
  /** From 1; of imitation 0 where none was better than the network as it came, which is then the result. */
  readonly bestEpoch: number;
  /** Shards of the data, and the steps that each took between two means; undefined where there were none. */
  readonly shards?: number;
  readonly localSteps?: number;
}

/**
 * Trains a network by name from a seed, or a model from its own weights.
 * @param network one of `networks`, or any model whose operators have gradient rules
 * @throws UserError for a network that cannot be trained, data that does not fit it, or an option that is not valid
 */
export async function train(
  engine: Engine,
  network: string | Model,
  samples: Dataset,
  options: TrainOptions = {},
): Promise<TrainResult> {
  const { preprocessing = samples.preprocessing, recipe = recipeFor(network), against, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const source = typeof network === "string" ? buildNetwork(network, { seed: chosen.seed, data: samples }) : network;
  if (typeof network === "string" && !against && imitates(samples, chosen)) {
    throw new UserError(
      `A new "${network}" has learned nothing that it could imitate: give data with targets, or a trained model.`,
    );
  }
  const choice = { ...chosen, loss: lossOf(chosen), against };
  return onTask(engine, source, samples, choice, hooks, async ({ adopted, task, data, imitation }) => {
    const { model, restore, rounded } = adopted;
    const defaults = imitation ? imitationDefaults(imitation.batch) : recipe && { ...recipe, ...recipe.train };
    const training = trainingOf(chosen, model, data.train.size, defaults);
    const frozen = frozenParameters(model, chosen.freeze);
    const { batch } = training.run;
    const { optimizer } = training.round;
    const local = await localSgdOf(engine, { model, data, batch, optimizer, frozen }, chosen, hooks);
    const round: Round = { name: "train", epochs: chosen.epochs ?? recipe?.train.epochs ?? EPOCHS, ...training.round };
    const { best, results } = await runResumable(engine, model, data, [round], {
      ...hooks,
      ...training.run,
      task,
      frozen,
      local,
      settings: { ...hooks.identity, epochs: round.epochs, ...training.settings, ...settingsOf(local) },
    });
    const [{ validation, bestEpoch }] = results;
    let kept = { parameters: best, validation, bestEpoch };
    if (imitation && !isRegularized(chosen)) {
      const { value } = await evaluate(engine, model, data, data.validation, task, hooks.signal);
      // What a network says by itself it says best as it came.
      if (isBetter(task.measure, value, validation) || (value === validation && !against)) {
        kept = { parameters: parametersOf(model, best.keys()), validation: value, bestEpoch: 0 };
        const text = `No epoch made the network more like the one that it imitates${against ? "" : ", which is itself"}: its weights stay as they came.`;
        hooks.onProgress?.({ kind: "note", text });
      }
    }
    const found = withParameters(model, rounded(kept.parameters));
    const test = await evaluate(engine, found, data, data.test, task, hooks.signal);
    const file = restore(kept.parameters);
    if (samples.vocabulary) file.metadata.set(VOCABULARY_KEY, JSON.stringify(samples.vocabulary));
    if (preprocessing) file.metadata.set(PREPROCESSING_KEY, JSON.stringify(preprocessing));
    file.metadata.set(LEARNING_RATE_KEY, String(round.learningRate.rate));
    const counts = countParameters(found);
    const { measure } = task;
    const { shards, localSteps } = local ?? {};
    const trained = { ...counts, epochs: round.epochs, bestEpoch: kept.bestEpoch, shards, localSteps };
    return { model: file, ...trained, measure, validation: kept.validation, test: test.value };
  });
}

/** Returns true if weights are to become smaller beside what they learn. */
const isRegularized = ({ l1 = 0, l2 = 0 }: { readonly l1?: number; readonly l2?: number }) => l1 > 0 || l2 > 0;

const recipeFor = (network: string | Model) => (typeof network === "string" ? findRecipe(network)?.full : undefined);
