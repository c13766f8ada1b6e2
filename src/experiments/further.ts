import type { Round } from "../pruning/round.ts";

/**
 * A round that goes to other densities: those of its target to some power.
 * @throws Error for a round whose target is no densities, which is a recipe's mistake
 */
export function further(round: Round, part: number): Round {
  const { prune } = round;
  if (prune?.target.kind !== "density") throw new Error(`The round "${round.name}" goes to no densities.`);
  const layers = prune.target.layers.map(([pattern, density]) => [pattern, density ** part] as const);
  return { ...round, prune: { ...prune, target: { ...prune.target, layers } } };
}
