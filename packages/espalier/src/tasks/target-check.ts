import { binaryCrossEntropy, crossEntropy, type Loss } from "./loss.ts";

/** Returns what is wrong with the values that one sample's output is held against; undefined where nothing is. */
export type TargetCheck = (target: ArrayLike<number>) => string | undefined;

/** What rounding to halves may add to a probability, or to a sum of them. */
const ROUNDING = 1e-3;

const isProbability = (value: number) => value >= -ROUNDING && value <= 1 + ROUNDING;

const distribution: TargetCheck = (target) => {
  let sum = 0;
  for (let i = 0; i < target.length; i++) {
    const value = target[i];
    if (!isProbability(value)) return `hold ${value}, and cross-entropy needs distributions, of numbers from 0 to 1`;
    sum += value;
  }
  if (Math.abs(sum - 1) <= ROUNDING) return undefined;
  return `sum to ${Number(sum.toPrecision(6))}, and cross-entropy needs distributions, whose sum is 1`;
};

const labels: TargetCheck = (target) => {
  const wrong = Array.from(target).find((value) => !isProbability(value));
  return wrong === undefined ? undefined : `hold ${wrong}, and binary-cross-entropy needs numbers from 0 to 1`;
};

const known = new Map<Loss, TargetCheck>([
  [crossEntropy, distribution],
  [binaryCrossEntropy, labels],
]);

/** What a loss asks of targets; undefined for a loss that takes any values. */
export function targetCheckOf(loss: Loss): TargetCheck | undefined {
  return known.get(loss);
}
