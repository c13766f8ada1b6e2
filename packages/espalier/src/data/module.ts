import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { isNumericType, type NumericType } from "../onnx/dtype.ts";
import type { Dataset, Split } from "./dataset.ts";
import { collected, guarded, samplesOf } from "./module-split.ts";
import { UNITS } from "./text/vocabulary.ts";

const stream = z.object({ characters: z.number().positive().optional(), starts: z.unknown() });
const readable = z.object({ size: z.int().positive(), stream: stream.optional(), read: z.function() });

const split = z
  .custom<Split>((value) => readable.safeParse(value).success, {
    error: ({ input }) =>
      z.object({ size: z.literal(0) }).safeParse(input).success
        ? "has no samples"
        : "is not a split { size, read(indices, into) }",
  })
  .refine(
    (value) => value.stream?.starts === undefined || areStarts(value.stream.starts, value.size),
    "has stream.starts that are not whole numbers from 0 on, each above the one before and all below its size",
  );

/** Returns true for whole numbers that ascend from 0 and stay below a size. */
function areStarts(value: unknown, size: number): boolean {
  if (!Array.isArray(value) && !(value instanceof Uint32Array || value instanceof Int32Array)) return false;
  const starts = Array.from<unknown, number>(value, Number);
  const ascend = starts.every((start, i) => Number.isInteger(start) && (i === 0 || start > starts[i - 1]));
  return starts[0] === 0 && ascend && starts[starts.length - 1] < size;
}

const spec = z.object({
  name: z
    .string()
    .min(1)
    .refine((name) => name !== "__proto__", "is a name that all objects have"),
  dtype: z.custom<NumericType>((name) => typeof name === "string" && isNumericType(name), "is not an element type"),
  shape: z.array(z.int().positive()),
});

const schema = z
  .object({
    name: z.string(),
    inputs: z.array(spec).min(1),
    targets: z.array(spec).default([]),
    classes: z.int().positive().optional(),
    train: split,
    validation: split,
    test: split,
    vocabulary: z.object({ unit: z.enum(UNITS), tokens: z.array(z.string()).min(1) }).optional(),
  })
  .refine(({ inputs, targets }) => {
    const names = [...inputs, ...targets].map(({ name }) => name);
    return new Set(names).size === names.length;
  }, "two of its tensors have one name");

/** What a module exports, or what the function that it exports gives. */
async function exportOf(path: string, exported: unknown): Promise<unknown> {
  if (typeof exported !== "function") return exported;
  try {
    return await exported();
  } catch (error) {
    throw failure(path, "the function that it exports", error);
  }
}

const described = z.looseObject({ inputs: z.array(spec).min(1), targets: z.array(spec).default([]) });

/** The export with splits in the place of what yields samples. */
async function withSplits(exported: unknown, path: string): Promise<unknown> {
  const about = described.safeParse(exported);
  if (!about.success) return exported;
  const specs = [...about.data.inputs, ...about.data.targets];
  const parts: Record<string, Split> = {};
  for (const part of ["train", "validation", "test"] as const) {
    try {
      const samples = samplesOf(about.data[part]);
      if (samples) parts[part] = await collected(samples, specs, `${path}, ${part}`);
    } catch (error) {
      throw failure(path, part, error);
    }
  }
  return { ...about.data, ...parts };
}

function failure(path: string, what: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
  return new UserError(`${path}: ${what} fails (${reason}): fix it.`);
}

/** What modules exported before samples had names. */
const unnamed = z.object({ sampleShape: z.array(z.number()) });

/**
 * A dataset that a module of the user's exports by default: a {@link Dataset}, or a function that gives one. In the place
 * of a split it may have a list of samples, or a generator of them, sync or async.
 * @throws UserError when the module cannot be loaded or exports something else
 */
export async function openModule(path: string): Promise<Dataset> {
  const dataset = await loadedDataset(path);
  const specs = [...dataset.inputs, ...dataset.targets];
  const own = (part: "train" | "validation" | "test") => guarded(dataset[part], specs, `${path}, ${part}`);
  return { ...dataset, train: own("train"), validation: own("validation"), test: own("test") };
}

async function loadedDataset(path: string): Promise<Dataset> {
  if (!existsSync(path)) throw new UserError(`There is no data module ${path}: check the path.`);
  const loaded: { default?: unknown } = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new UserError(
      `The data module ${path} cannot be loaded (${error instanceof Error ? error.message : error}): fix it.`,
    );
  });
  const exported = await withSplits(await exportOf(path, loaded.default), path);
  if (unnamed.safeParse(exported).success) {
    throw new UserError(
      `The dataset of ${path} has a sampleShape, and samples are named tensors now: give inputs: [{ name, dtype, shape }] and targets in the same form, and write them in read(indices, into) to into[name].`,
    );
  }
  const dataset = schema.safeParse(exported);
  if (!dataset.success) {
    const [issue] = dataset.error.issues;
    throw new UserError(
      `The default export of ${path} is not a dataset (${issue.path.join(".") || "it"}: ${issue.message}): export { name, inputs, targets, train, validation, test }.`,
    );
  }
  return dataset.data;
}
