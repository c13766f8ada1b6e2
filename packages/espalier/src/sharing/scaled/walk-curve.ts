import { type PriceRange, walkPrices } from "../price-walk.ts";

/** A network that was tried: how small and how far the same. */
export interface CurvePoint {
  /** What a bit more for every weight may cost in squared distance of the outputs. */
  readonly lambda: number;
  /** Connections were cut first that cost less than so many times what their bits may cost; 0: none. */
  readonly cut: number;
  /** Epochs of imitation behind it. */
  readonly epochs: number;
  /** About what the tensors that are rounded take in a file: neither others, nor its graph, are counted. */
  readonly bytes: number;
  /** The part of the rounded weights that are not zero. */
  readonly density: number;
  /** On the validation split, percent. */
  readonly fidelity: number;
  readonly accepted: boolean;
}

/** Where a walk along the curve goes; its least step is about 2% of the size. */
export const CURVE: PriceRange = { first: 0.1, step: 4, leastStep: 1.15, least: 1e-6, most: 1e4 };

/** How dear connections may be that are cut before the others are rounded, one after the other while each pays. */
const CUTS = [1, 2, 4];

/**
 * Looks whether networks become smaller where connections are cut before the others are rounded, each time about the
 * price of a bit that was found before: what was cut costs too, so that it is lower.
 * @param best the smallest network that was good enough so far
 * @param attempt returns true if the network is good enough, or no smaller than the best
 */
export async function walkCuts(
  best: () => CurvePoint,
  attempt: (price: number, cut: number) => Promise<boolean>,
): Promise<void> {
  for (const cut of CUTS) {
    const before = best();
    const { lambda } = before;
    const range = { ...CURVE, first: lambda / NEAR, step: NEAR, least: lambda / NEAR ** 3, most: lambda * NEAR ** 3 };
    await walkPrices((price) => attempt(price, cut), range);
    if (best() === before) return;
  }
}

/** A first step about a price that is nearly right. */
const NEAR = 1.5;
