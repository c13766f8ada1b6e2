import type { Treatment } from "./treatment.ts";

/** A way to hold a layer. */
export interface Way {
  readonly treatment: Treatment;
  /** What it takes, in bytes and in time, as a part of what the network takes. */
  readonly price: number;
  /** What it costs: the error that it brings to the outputs. */
  readonly cost: number;
}

/** How each layer is held, by the name of its weights. */
export type Plan = ReadonlyMap<string, Treatment>;

/**
 * Plans from that in which each layer is held as small as can be to that in which all are as they came. From each to the
 * next one layer is held better: that which gains most for what it then takes, so that each plan is the one of least
 * error for its size (the errors of layers being about additive).
 */
export function ladderOf(layers: ReadonlyMap<string, readonly Way[]>): Plan[] {
  const first = new Map<string, Treatment>();
  const steps: { readonly name: string; readonly treatment: Treatment; readonly gain: number }[] = [];
  for (const [name, ways] of layers) {
    let [at, ...rest] = ways.toSorted((a, b) => a.price - b.price || a.cost - b.cost);
    first.set(name, at.treatment);
    while (rest.length > 0) {
      const from = at;
      const gainOf = (way: Way) => gain(from, way);
      const next = rest.reduce((best, way) => (gainOf(way) > gainOf(best) ? way : best));
      steps.push({ name, treatment: next.treatment, gain: gainOf(next) });
      rest = rest.filter((way) => way.price > next.price);
      at = next;
    }
  }
  steps.sort((a, b) => b.gain - a.gain);
  const plans: Plan[] = [first];
  for (const { name, treatment } of steps) plans.push(new Map([...plans[plans.length - 1], [name, treatment]]));
  return plans;
}

/** How much error a way spares for what more it takes. */
function gain(from: Way, to: Way): number {
  if (from.cost === to.cost) return 0;
  return (from.cost - to.cost) / Math.max(to.price - from.price, Number.MIN_VALUE);
}

/**
 * The first of some plans that is good enough, each being better than those before it: by halving.
 * @returns its place; the last plan needs no trial, and is good enough
 */
export async function firstGood(count: number, isGood: (at: number) => Promise<boolean>): Promise<number> {
  let [from, to] = [0, count - 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (await isGood(middle)) to = middle;
    else from = middle + 1;
  }
  return to;
}
