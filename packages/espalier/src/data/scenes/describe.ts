import type { Thing } from "./render.ts";

/** How the first of two things lies to the second. */
export type Relation = "above" | "below" | "left of" | "right of";

/** A scene: one thing, or two of which the first lies so to the second. */
export interface Scene {
  readonly things: readonly Thing[];
  readonly relation?: Relation;
}

const INVERSE: Readonly<Record<Relation, Relation>> = {
  above: "below",
  below: "above",
  "left of": "right of",
  "right of": "left of",
};

/** What may be said of a scene: every caption is as right as the others. */
export function captionsOf({ things, relation }: Scene): string[] {
  const [first, second] = things.map(({ size, colour, shape }) => `${size} ${colour} ${shape}`);
  if (relation === undefined) return [`a ${first}`, `there is a ${first}`, `one ${first} alone`];
  return [
    `a ${first} ${relation} a ${second}`,
    `a ${second} ${INVERSE[relation]} a ${first}`,
    `there is a ${first} ${relation} a ${second}`,
  ];
}
