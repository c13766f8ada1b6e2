import { brainDamage } from "./brain-damage.ts";
import type { Criterion } from "./criterion.ts";
import { fisher } from "./fisher.ts";
import { magnitude } from "./magnitude.ts";
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
]);
