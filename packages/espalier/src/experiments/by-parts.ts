import type { Model } from "../onnx/graph.ts";
import type { Round } from "../pruning/round.ts";
import type { Lab } from "./lab.ts";

/** A network that an experiment shows. */
export interface Shown {
  readonly name: string;
  readonly density: number;
  readonly model: Model;
}

/** Networks that were pruned from one dense network, and the dense one trained as long. */
export interface ByParts {
  readonly dense: Shown;
  readonly control: Shown;
  readonly pruned: readonly Shown[];
  /** The one that is pruned as far as its recipe says. */
  readonly full: Model;
  /** Epochs of all but the dense one, beyond its own. */
  readonly epochs: number;
}

/**
 * Prunes a network as its recipe does, once for each part: the densities of the recipe to that power.
 * @param parts of which 1 is one
 */
export async function prunedByParts(lab: Lab, network: string, parts: readonly number[]): Promise<ByParts> {
  const { batch, prune } = lab.recipe(network);
  const [round] = prune;
  const { model: dense } = await lab.dense(network);
  // The dense network keeps the dropout that it was trained with.
  const { prune: _, retrainingDropout: __, ...retrain } = round;
  const { model: longer } = await lab.run(`${network}-longer`, dense, [{ ...retrain, name: "train" }], batch);
  const pruned: Shown[] = [];
  let full = dense;
  for (const part of parts) {
    const { model, results } = await lab.run(`${network}-${part}`, dense, [further(round, part)], batch);
    const [{ density }] = results;
    pruned.push({ name: `${(1 / density).toFixed(1)}x`, density, model });
    if (part === 1) full = model;
  }
  const { epochs } = round;
  return {
    dense: { name: "dense", density: 1, model: dense },
    control: { name: `dense, ${epochs} epochs more`, density: 1, model: longer },
    pruned,
    full,
    epochs,
  };
}

/** @throws Error for a round whose target is not densities, which is a recipe's mistake */
function further(round: Round, part: number): Round {
  const { prune } = round;
  if (prune?.target.kind !== "density") throw new Error(`The round "${round.name}" goes to no densities.`);
  const layers = prune.target.layers.map(([pattern, density]) => [pattern, density ** part] as const);
  return { ...round, prune: { ...prune, target: { ...prune.target, layers } } };
}
