import { UserError } from "../errors.ts";
import { engineOptions } from "../library/options/engine.ts";
import { metaOf, type Shape } from "../library/options/option.ts";
import { choices } from "../suggest.ts";

/** The options of a command that a job states by themselves, or that are about one machine. */
const APART = ["seed", ...Object.keys(engineOptions)];

/** Those options of a command that a job has: none of where it writes, or how. */
export function jobOptions(options: Shape): Shape {
  return Object.fromEntries(
    Object.entries(options).filter(([name, schema]) => !metaOf(schema).outside && !APART.includes(name)),
  );
}

/**
 * Checks what the schemas of options leave open: that no other option is given, and no object where a name may stand too,
 * which on a command line is a module.
 * @throws UserError for one
 */
export function checkJobOptions(options: Shape, given: object): void {
  const known = jobOptions(options);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      throw new UserError(`There is no option "${name}" of a job: ${choices(name, Object.keys(known))}.`);
    }
    if (metaOf(known[name]).names === undefined || typeof value === "string") continue;
    throw new UserError(`The option "${name}" of a job is a name: write one.`);
  }
}
