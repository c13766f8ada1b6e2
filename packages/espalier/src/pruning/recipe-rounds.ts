import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type Layer, layersOf, selectLayers } from "../operators/layers.ts";
import { weightDecay } from "../training/weight-decay.ts";
import type { Phase, Recipe } from "./recipes.ts";
import type { Pruning, Round } from "./round.ts";
import type { Target } from "./target.ts";

/** The rounds of a recipe for one network: training unless it was trained before, then pruning with retraining. */
export function roundsOf(recipe: Recipe, model: Model): { train: Round; prune: Round[] } {
  const { optimizer, train, prune } = recipe;
  const { target, rounds, gradual, dropout: retrainingDropout, ...retrain } = prune;
  const phase = ({ epochs, learningRate, l2 }: Phase) => {
    return { epochs, learningRate, optimizer, regularization: weightDecay(model, { l2 }) };
  };
  return {
    train: { name: "train", ...phase(train) },
    prune: pruningRounds(target, rounds, { ...phase(retrain), retrainingDropout }, { gradual }),
  };
}

/** Rounds of pruning and retraining that go to a target in equal parts. */
export function pruningRounds(
  target: Target,
  rounds: number,
  retrain: Omit<Round, "name" | "prune">,
  how: Pick<Pruning, "criterion" | "gradual"> = {},
): Round[] {
  return Array.from({ length: rounds }, (_, i) => ({
    name: rounds === 1 ? "prune" : `prune ${i + 1} of ${rounds}`,
    prune: { target, part: (i + 1) / rounds, ...how },
    ...retrain,
  }));
}

/**
 * Does each round group by group, all other layers frozen (Han et al., section 3.3: CONV, then FC): the weights of the
 * frozen layers have adapted to each other, and what is pruned adapts to them.
 * @param groups patterns of layers, in the order in which they are pruned
 */
export function inTurn(rounds: readonly Round[], groups: readonly string[], model: Model): Round[] {
  const layers = layersOf(model);
  return rounds.flatMap((round) =>
    groups.map((group) => {
      const chosen = new Set(selectLayers(layers, group));
      const others = layers.filter((layer) => !chosen.has(layer));
      const frozen = new Set(others.flatMap(({ parameters }) => parameters));
      const prune = round.prune && { ...round.prune, target: within(round.prune.target, [...chosen], layers) };
      return { ...round, name: `${round.name}, ${group}`, prune, frozen };
    }),
  );
}

/** The part of a target that is about some layers. */
function within(target: Target, chosen: readonly Layer[], layers: readonly Layer[]): Target {
  if (target.kind === "rate" || target.kind === "masks") {
    throw new UserError(
      "Layers that are pruned in turn need targets of their own: give a density or a quality for each layer.",
    );
  }
  const own = target.layers.flatMap(([pattern, value]) =>
    selectLayers(layers, pattern)
      .filter((layer) => chosen.includes(layer))
      .map(({ name }) => [name, value] as const),
  );
  return { ...target, layers: own };
}
