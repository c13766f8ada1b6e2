import { UserError } from "../../errors.ts";
import { choices } from "../../suggest.ts";
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

/**
 * The criterion of a name, or the user's own.
 * @throws UserError when there is no criterion of that name
 */
export function criterionOf(given: string | Criterion): Criterion {
  if (typeof given !== "string") return given;
  const criterion = criteria.get(given);
  if (criterion) return criterion;
  throw new UserError(`There is no criterion "${given}": ${choices(given, criteria.keys())}.`);
}

/** What messages, settings and streams of random numbers call a criterion. */
export function criterionName(given: string | Criterion): string {
  if (typeof given === "string") return given;
  return [...criteria].find(([, known]) => known === given)?.[0] ?? "own";
}
