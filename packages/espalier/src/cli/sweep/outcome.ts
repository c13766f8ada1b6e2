import { z } from "zod";
import type { JobRecord } from "../../jobs/command-job.ts";
import type { Measure } from "../../tasks/measure.ts";

/** How a network is judged, as JSON has it. */
export type AboutMeasure = Pick<Measure, "name" | "unit" | "better">;

/** What the result of a command says of the network that it made. */
export interface Judged {
  readonly measure?: AboutMeasure;
  readonly test?: number;
  readonly validation?: number;
  /** Of weights that are not zero. */
  readonly nonzero?: number;
  /** The size of its smallest file. */
  readonly bytes?: number;
}

const values = z.object({
  test: z.number().optional(),
  testError: z.number().optional(),
  validation: z.number().optional(),
  validationError: z.number().optional(),
});

/** What commands print of a network: train in fields of its own, prune and compress of what they made. */
const schema = z.object({
  ...values.shape,
  measure: z.object({ name: z.string(), unit: z.string(), better: z.enum(["lower", "higher"]) }).optional(),
  nonzero: z.number().optional(),
  pruned: values.optional(),
  shared: values.optional(),
  fidelity: values.optional(),
});

/** The network in the record of a job; nothing of a command that makes none. */
export function judged({ job, result, outputs }: JobRecord): Judged {
  const sizes = Object.entries(outputs).filter(([name]) => /\.(onnx|esp)$/.test(name));
  const found = schema.safeParse(result);
  if (sizes.length === 0 || !found.success) return {};
  const { measure, nonzero, pruned, shared, fidelity } = found.data;
  const { test, testError, validation, validationError } = pruned ?? shared ?? fidelity ?? found.data;
  const bytes = Math.min(...sizes.map(([, file]) => file.bytes));
  const told = { test: test ?? testError, validation: validation ?? validationError };
  // What was not judged on samples names another measure.
  const isJudged = told.test !== undefined || told.validation !== undefined;
  const own = measure && isJudged ? { ...told, measure } : {};
  return { bytes, ...(job.command === "scan" ? {} : { nonzero }), ...own };
}

/** The output of a job that is a network for the next stage. */
export function networkOf({ outputs }: JobRecord): { readonly sha256: string; readonly ending: string } | undefined {
  const names = Object.keys(outputs);
  const name = names.find((each) => each.endsWith(".onnx")) ?? names.find((each) => each.endsWith(".esp"));
  return name === undefined ? undefined : { sha256: outputs[name].sha256, ending: name.slice(name.lastIndexOf(".")) };
}
