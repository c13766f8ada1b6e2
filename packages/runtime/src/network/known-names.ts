import { UserError } from "../errors.ts";

/** What may be named, and what messages say. */
export interface Known {
  readonly names: readonly string[];
  /** What is wrong with a name that is not known. */
  unknown(name: string): string;
  /** What to give. */
  readonly advice: string;
}

/**
 * Refuses a name that would be ignored, and what holds no names.
 * @throws UserError when it is not an object, or has a name that is not known
 */
export function checkNames(given: unknown, { names, unknown, advice }: Known): void {
  if (typeof given !== "object" || given === null || Array.isArray(given) || ArrayBuffer.isView(given)) {
    throw new UserError(`An object is missing: ${advice}.`);
  }
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new UserError(`${unknown(name)}: ${advice}.`);
  }
}

/**
 * Refuses options that are not known.
 * @throws UserError when there is such a one
 */
export function checkOptions(options: unknown, names: readonly string[]): void {
  checkNames(options, {
    names,
    unknown: (name) => `There is no option "${name}"`,
    advice: `give options by their names, of ${names.join(", ")}`,
  });
}

/** What an object itself holds under a name, not what every object answers to. */
export function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
