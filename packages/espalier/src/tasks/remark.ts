import { isBetter, type Measure, type Measured } from "./measure.ts";
import { nameText, valueText } from "./words.ts";

/** What a network did on a number of samples. */
type Found = Measured & { readonly samples: number };

/** Standard errors beyond which a difference is no chance: one in twenty is. */
export const BEYOND = 2;

/**
 * What there is to say of a network that does worse on the test split than the one that it was made of, by more than
 * was allowed and chance explains; undefined where there is nothing.
 * @param allowed what the measure may lose, as the validation split was held to
 */
export function remarkOn(measure: Measure, before: Found, after: Found, allowed = 0): string | undefined {
  const chance = measure.chance?.(before.value, before);
  const worse = Math.abs(after.value - before.value);
  if (chance === undefined || !isBetter(measure, before.value, after.value)) return undefined;
  if (worse <= allowed + BEYOND * chance) return undefined;
  const values = [before, after].map(({ value }) => valueText(measure, value)).join(" -> ");
  const limit = allowed > 0 ? `the ${valueText(measure, allowed)} that were allowed and chance` : "chance";
  return `On the ${after.samples} test samples the ${nameText(measure)} is worse by more than ${limit} explain${allowed > 0 ? "" : "s"}: ${values}, ±${valueText(measure, chance)}. More validation samples choose better.`;
}
