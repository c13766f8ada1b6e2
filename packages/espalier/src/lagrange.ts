/** One way to do something: what it costs, and the loss that comes with it. */
export interface Choice {
  readonly cost: number;
  readonly loss: number;
}

/** Of each item's choices the one with the least loss + price * cost; the first of equal ones. */
export function chooseAt<C extends Choice>(items: readonly (readonly C[])[], price: number): C[] {
  const total = ({ loss, cost }: C) => loss + price * cost;
  return items.map((choices) => choices.reduce((a, b) => (total(b) < total(a) ? b : a)));
}

/** The choices with no loss below that of a dearer one before it: what costs less never counts as better. */
export function neverBetter<C extends Choice>(fromDear: readonly C[]): C[] {
  let worst = Number.NEGATIVE_INFINITY;
  return fromDear.map((choice) => {
    worst = Math.max(worst, choice.loss);
    return { ...choice, loss: worst };
  });
}
