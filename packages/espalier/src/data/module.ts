import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { Dataset, Split } from "./dataset.ts";

const split = z.custom<Split>((value) => {
  const parsed = z.object({ size: z.int().positive(), read: z.function() }).safeParse(value);
  return parsed.success;
}, "is no split { size, read(indices, inputs, labels) }");

const schema = z.object({
  name: z.string(),
  sampleShape: z.array(z.int().positive()),
  classes: z.int().positive(),
  train: split,
  validation: split,
  test: split,
});

/**
 * A dataset that a module of the user's exports by default: a {@link Dataset}, or a function that gives one.
 * @throws UserError when the module cannot be loaded or exports something else
 */
export async function openModule(path: string): Promise<Dataset> {
  if (!existsSync(path)) throw new UserError(`There is no data module ${path}: check the path.`);
  const loaded: { default?: unknown } = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new UserError(
      `The data module ${path} cannot be loaded (${error instanceof Error ? error.message : error}): mend it.`,
    );
  });
  const exported = typeof loaded.default === "function" ? await loaded.default() : loaded.default;
  const dataset = schema.safeParse(exported);
  if (!dataset.success) {
    const [issue] = dataset.error.issues;
    throw new UserError(
      `The default export of ${path} is no dataset (${issue.path.join(".") || "it"}: ${issue.message}): export { name, sampleShape, classes, train, validation, test }.`,
    );
  }
  return dataset.data;
}
