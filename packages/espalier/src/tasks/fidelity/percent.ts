import { UserError } from "../../errors.ts";
import type { Measure } from "../measure.ts";

/**
 * Checks that points of fidelity can be lost by a measure.
 * @throws UserError for one that is not in percent
 */
export function checkPercent({ name, unit }: Pick<Measure, "name" | "unit">): void {
  if (unit === "%") return;
  throw new UserError(
    `A fidelity is in percent, and the measure "${name}" is ${unit === "" ? "without a unit" : `in ${unit}`}: choose a measure in percent.`,
  );
}
