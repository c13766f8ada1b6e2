import { UserError } from "../../errors.ts";
import { brainDamage } from "./brain-damage.ts";
import type { Criterion } from "./criterion.ts";
import { fisher } from "./fisher.ts";
import { magnitude } from "./magnitude.ts";
import { movement } from "./movement.ts";
import { probabilistic } from "./probabilistic.ts";
import { random } from "./random.ts";
import { taylor } from "./taylor.ts";

/** The criteria by the names that the command line gives them. */
export const criteria: ReadonlyMap<string, Criterion> = new Map([
  ["magnitude", magnitude],
  ["probabilistic", probabilistic],
  ["random", random],
  ["taylor", taylor],
  ["fisher", fisher],
  ["brain-damage", brainDamage],
  ["movement", movement],
]);

/** @throws UserError when there is no criterion of that name */
export function criterionOf(name: string): Criterion {
  const criterion = criteria.get(name);
  if (criterion) return criterion;
  throw new UserError(`There is no criterion "${name}": choose one of ${[...criteria.keys()].join(", ")}.`);
}
