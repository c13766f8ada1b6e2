/** Options and their values, by the names of options. */
type Settings = Readonly<Record<string, unknown>>;

/** The options that are set in some of these, in the order in which they come. */
export function settingNames(all: readonly { readonly settings: Settings }[]): readonly string[] {
  return [...new Set(all.flatMap(({ settings }) => Object.keys(settings)))];
}

/** A value as a table has it. */
export const settingText = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
