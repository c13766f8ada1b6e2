import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import type { Task } from "../../tasks/task.ts";
import type { Agreement } from "../../training/agreement.ts";
import { Evaluator } from "../../training/evaluate.ts";
import { likenessOn } from "../../training/likeness.ts";
import { type Parameters, parametersOf, trainableParameters, withParameters } from "../../training/parameters.ts";
import { estimatedBytes } from "../curves.ts";
import { sharingOf } from "../distinct.ts";
import { type PriceRange, walkPrices } from "../price-walk.ts";
import { type ReconstructionOptions, reconstructShared } from "./reconstruct.ts";
import { sensitivities } from "./sensitivity.ts";

export interface UnlabeledSharingOptions
  extends Pick<ReconstructionOptions, "biasBits" | "seed" | "signal" | "executor" | "onWork"> {
  /** How far to go: to a price of bits, or as far as a loss of top 1 accuracy that is to be expected, in points. */
  readonly target:
    | { readonly kind: "lambda"; readonly lambda: number }
    | { readonly kind: "loss"; readonly points: number };
  /** The task of imitation, whose targets the data has; default: the output is class scores. */
  readonly imitation?: Task;
  readonly onLayer?: (name: string) => void;
  readonly onTrial?: (trial: SharingTrial) => void;
}

/** A sharing that was tried. */
export interface SharingTrial {
  readonly lambda: number;
  /** About what the shared tensors take, bytes. */
  readonly bytes: number;
  /** With the network as it came, on the validation split. */
  readonly agreement: Agreement;
  readonly accepted: boolean;
}

export interface UnlabeledSharing {
  /** The smallest that was accepted. */
  readonly parameters: Parameters;
  readonly agreement: Agreement;
}

/** Below, nothing is saved that matters, and above hardly a weight is left. */
const PRICES: PriceRange = { first: 0.04, step: 4, leastStep: 1.06, least: 1e-5, most: 1e3 };

/**
 * Shares a network's weights without labels and without training: at one price of bits, or looks for the highest price
 * at which the top 1 accuracy that the validation split predicts falls by so much at most. Neither reads a label.
 * @returns undefined where even the lowest price costs too much
 */
export async function shareUnlabeled(
  engine: Engine,
  model: Model,
  data: LearningData,
  { target, imitation, onLayer, onTrial, ...options }: UnlabeledSharingOptions,
): Promise<UnlabeledSharing | undefined> {
  const { seed, signal } = options;
  const names = trainableParameters(model);
  const evaluator = await Evaluator.create(engine, model, data, names, { task: imitation });
  try {
    const likeness = await likenessOn(evaluator, data.validation, imitation, signal);
    const measured = await sensitivities(engine, model, data, seed, signal, onLayer, imitation);
    const whole = parametersOf(model, names);
    let best: (UnlabeledSharing & { readonly lambda: number }) | undefined;

    const attempt = async (lambda: number): Promise<boolean> => {
      const changed = await reconstructShared(engine, model, data, { ...options, lambda, sensitivities: measured });
      const parameters = new Map([...whole, ...changed]);
      evaluator.load(parameters);
      const agreement = await likeness();
      const accepted = target.kind === "lambda" || agreement.expectedLoss <= target.points;
      if (accepted && lambda > (best?.lambda ?? 0)) best = { parameters, agreement, lambda };
      onTrial?.({ lambda, bytes: bytesOf(withParameters(model, parameters)), agreement, accepted });
      return accepted;
    };

    if (target.kind === "lambda") await attempt(target.lambda);
    else await walkPrices(attempt, PRICES);
    return best;
  } finally {
    await evaluator.release();
  }
}

function bytesOf(model: Model): number {
  return [...sharingOf(model).values()].reduce((sum, shared) => sum + estimatedBytes(shared), 0);
}
