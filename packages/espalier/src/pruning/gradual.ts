import { UserError } from "../errors.ts";
import { type Layer, selectLayers } from "../operators/layers.ts";
import type { Parameters } from "../training/parameters.ts";
import type { Pacing } from "../training/train.ts";
import type { Criterion } from "./criteria/criterion.ts";
import { criterionName, criterionOf } from "./criteria/index.ts";
import { densityOf, layerDensities } from "./mask.ts";
import { scoresOf } from "./scores.ts";
import { chooseMasks, type Target } from "./target.ts";

/** How masks change while a network retrains. */
export interface Gradual {
  /** Steps between one choice of masks and the next. */
  readonly every: number;
  /** The part of the retraining, 0 to 1, at which the target is reached and the masks stay. */
  readonly until: number;
  /**
   * Whether cut connections go on learning unseen and come back when they grow above those that are kept (Guo et al.,
   * Dynamic Network Surgery, arXiv 1608.04493).
   */
  readonly splicing?: boolean;
}

/** d_t = d_f + (d_i - d_f) (1 - t)^3 (Zhu and Gupta, arXiv 1710.01878, equation 1, in densities). */
export function cubic(initial: number, final: number, t: number): number {
  return final + (initial - final) * (1 - t) ** 3;
}

/**
 * Prunes little by little from the density that a network has to a target.
 * @param by the criterion, and the seed of its chance if it has any
 * @throws UserError for a criterion that looks at more than the weights
 */
export function gradually(
  target: Target,
  { every, until }: Gradual,
  layers: readonly Layer[],
  start: Parameters,
  by: { readonly criterion: string | Criterion; readonly seed: number },
): Pacing {
  const { needs } = criterionOf(by.criterion);
  if (needs) {
    throw new UserError(
      `The criterion "${criterionName(by.criterion)}" needs ${needs}, which a gradual schedule does not gather: choose magnitude, or prune in rounds.`,
    );
  }
  const begin = { all: densityOf(start), layers: layerDensities(layers, start) };
  return {
    every,
    until,
    masksAt(done, parameters) {
      const weights = new Map(layers.map(({ weight, tensor }) => [weight, parameters.get(weight) ?? tensor]));
      const scores = by.criterion === "magnitude" ? undefined : scoresOf(by.criterion, weights, by.seed);
      return chooseMasks(targetAt(target, done, layers, begin), layers, parameters, 1, scores);
    },
  };
}

/** What a target amounts to when a part of the way to it is gone. */
function targetAt(target: Target, t: number, layers: readonly Layer[], begin: InitialDensities): Target {
  switch (target.kind) {
    case "density": {
      const chosen = target.layers.flatMap(([pattern, density]) =>
        selectLayers(layers, pattern).map(({ name }) => [name, cubic(begin.layers[name] ?? 1, density, t)] as const),
      );
      return { kind: "density", layers: [...new Map(chosen)] };
    }
    case "quality":
      return { kind: "quality", layers: target.layers.map(([pattern, s]) => [pattern, cubic(0, s, t)]) };
    case "masks":
      return target;
    case "rate":
      return { ...target, rate: 1 / cubic(begin.all, 1 / target.rate, t) };
  }
}

interface InitialDensities {
  readonly all: number;
  /** By layer. */
  readonly layers: Readonly<Record<string, number>>;
}
