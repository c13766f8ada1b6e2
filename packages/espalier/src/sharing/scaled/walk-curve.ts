import type { PriceRange } from "../price-walk.ts";

/** A network that was tried: how small and how far the same. */
export interface CurvePoint {
  /** What a bit more for every weight may cost in squared distance of the outputs. */
  readonly lambda: number;
  /** Epochs of imitation behind it. */
  readonly epochs: number;
  /** About what the tensors that are rounded take in a file: neither others, nor its graph, are counted. */
  readonly bytes: number;
  /** On the validation split, percent. */
  readonly fidelity: number;
  readonly accepted: boolean;
}

/** Where a walk along the curve goes; its least step is about 2% of the size. */
export const CURVE: PriceRange = { first: 0.1, step: 4, leastStep: 1.15, least: 1e-6, most: 1e4 };
