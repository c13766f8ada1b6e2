import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { roundsOf } from "../pruning/recipe-rounds.ts";
import { recipeOf, recipes } from "../pruning/recipes.ts";
import { taskFor } from "../tasks/index.ts";
import { withParameters } from "../training/parameters.ts";
import { type RunHooks, splitHooks } from "./hooks.ts";
import { buildNetwork } from "./network.ts";
import { quick, seedOption } from "./options/common.ts";
import { checkOptions, oneOf, option } from "./options/option.ts";
import { measurePruning, type PruneResult } from "./prune.ts";
import { runResumable } from "./rounds.ts";
import { LEARNING_RATE_KEY } from "./training.ts";

/** The options of {@link demo}. */
export const demoOptions = {
  network: option(oneOf(Object.keys(recipes)).default("lenet-300-100"), { help: "which network" }),
  quick,
  seed: seedOption(),
};

const schema = z.object(demoOptions);

/** Keeps the trained network, which a run that is resumed while it prunes needs again. */
export interface DenseStore {
  /** Is given the network once it is trained. */
  save(model: Model): void | Promise<void>;
  /** The network that was saved; undefined where there is none. */
  load(): Model | undefined | Promise<Model | undefined>;
}

/** Which network, how quickly, and from which seed. */
export interface DemoOptions extends z.input<typeof schema>, RunHooks {
  /** Where the trained network goes before it is pruned; default: nowhere, and such a run cannot be resumed. */
  readonly dense?: DenseStore;
}

/**
 * The paper's main experiment from nothing (Han et al., NIPS 2015, table 1): trains a network by its recipe, prunes it
 * in rounds, and retrains it.
 * @throws the signal's reason when it ends the work; UserError for an option that is not valid
 */
export async function demo(engine: Engine, data: Dataset, options: DemoOptions = {}): Promise<PruneResult> {
  const startedAt = performance.now();
  const { dense: store, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { network, seed } = chosen;
  const task = taskFor(data);
  const built = buildNetwork(network, { seed, data });
  const recipe = recipeOf(network, chosen.quick);
  const { train, prune } = roundsOf(recipe, built);
  let trained: Model | undefined;
  const { best, results } = await runResumable(engine, built, data, [train, ...prune], {
    ...hooks,
    batch: recipe.batch,
    task,
    seed,
    settings: { ...hooks.identity, ...chosen },
    async onRound({ name }, parameters) {
      if (name !== train.name) return;
      trained = withParameters(built, parameters);
      trained.metadata.set(LEARNING_RATE_KEY, String(train.learningRate.rate));
      await store?.save(trained);
    },
  });
  const dense = trained ?? (await store?.load());
  if (!dense) throw new UserError("The trained network of this run was not kept: start it anew.");
  const pruned = withParameters(built, best);
  const networks = { dense, pruned };
  const sizes = [data.train, data.validation, data.test].map(({ size }) => size);
  const settings = {
    data: `${data.name}: ${sizes[0]} train, ${sizes[1]} validation, ${sizes[2]} test`,
    training: `${train.epochs} epochs, learning rate ${train.learningRate.rate}, batch ${recipe.batch}, L2 ${recipe.train.l2}`,
    pruning: `${prune.length} rounds of ${recipe.prune.epochs} epochs, learning rate ${recipe.prune.learningRate.rate}, L2 ${recipe.prune.l2}`,
    seed,
  };
  const measured = await measurePruning(engine, data, networks, task, hooks);
  const seconds = (performance.now() - startedAt) / 1000;
  return { model: pruned, ...measured, rounds: results, settings, networks, seconds };
}
