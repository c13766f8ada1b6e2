import { z } from "zod";
import { MOST_THREADS, SWEEP_COMMANDS, type SweepCommand } from "../../jobs/command-job.ts";
import { metaOf, namesOf, type Shape, valueSchema } from "../../library/options/option.ts";
import type { Callable } from "../command.ts";
import { jobOptions } from "../job-options.ts";

/** The name of a stage. */
const stageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/, "A name has letters, digits and hyphens.");

/** A model that an earlier stage makes. */
export const stageModel = z.strictObject({ stage: stageName });

const MODULE = /\.[cm]?[jt]s$/;

/**
 * The options of a command as a plan writes them, with its argument by its name. None is required, as what a stage has in
 * common and what varies are checked together.
 */
export function optionsIn({ argument, options }: Pick<Callable, "argument" | "options">): Shape {
  const own = Object.entries(jobOptions(options)).map(([name, schema]) => [name, optional(schema)] as const);
  if (!argument) return Object.fromEntries(own);
  const { name, help, names, reads } = argument;
  const named = names && !reads ? z.enum(names) : z.string();
  return {
    [name]: (reads ? z.union([named, stageModel]) : named).optional().describe(help),
    ...Object.fromEntries(own),
  };
}

function optional(schema: z.ZodType): z.ZodType {
  const { help, names, module, reads } = metaOf(schema);
  const named = names && (module ? z.union([z.enum(names), z.string().regex(MODULE)]) : z.enum(namesOf(schema) ?? []));
  const value = named ?? valueSchema(schema);
  const isModel = reads === "model" && value instanceof z.ZodString;
  return (isModel ? z.union([value, stageModel]) : value).optional().describe(help);
}

const MOST_STAGES = 100;
const MOST_VALUES = 10_000;

/** A stage of a command whose options are known. */
function stageOf(command: SweepCommand, shape: Shape) {
  const options = z.strictObject(shape);
  const grid = Object.entries(shape).map(([name, schema]) => {
    const value = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    return [
      name,
      z
        .array(value)
        .min(1)
        .max(MOST_VALUES)
        .optional()
        .describe(schema.description ?? ""),
    ] as const;
  });
  return z.strictObject({
    command: z.literal(command),
    name: stageName.optional().describe("by which later stages call it (default: that of the command)"),
    options: options.optional().describe("what all have; the model is that of the stage before where none is given"),
    grid: z
      .strictObject(Object.fromEntries(grid))
      .optional()
      .describe("values of options, each of which is run with each of the others"),
    list: z.array(options).min(1).max(MOST_VALUES).optional().describe("options that go together"),
  });
}

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const planWith = <Stage extends z.ZodType>(stage: Stage) =>
  z.strictObject({
    $schema: z.string().optional().describe("where this schema is, for editors"),
    name: z.string().max(200).optional().describe("what the report is called (default: the file's name)"),
    threads: z.int().min(1).max(MOST_THREADS).default(1).describe("threads of each job: they change its bytes"),
    seeds: z.array(seed).min(1).max(MOST_VALUES).default([1]).describe("each combination is run for each"),
    stages: z.array(stage).min(1).max(MOST_STAGES).describe("commands, of which each may take models of those before"),
  });

/** A plan whose options are not checked yet: that of each stage are, by those of its command. */
export const loosePlan = planWith(
  z.strictObject({
    command: z.enum(SWEEP_COMMANDS),
    name: stageName.optional(),
    options: z.record(z.string(), z.json()).default({}),
    grid: z.record(z.string(), z.array(z.json()).min(1).max(MOST_VALUES)).default({}),
    list: z.array(z.record(z.string(), z.json())).min(1).max(MOST_VALUES).default([{}]),
  }),
);

export type LoosePlan = z.output<typeof loosePlan>;
export type LooseStage = LoosePlan["stages"][number];

/** The JSON schema of plans, for editors. */
export function planJsonSchema(commands: ReadonlyMap<SweepCommand, Callable>): object {
  const stages = [...commands].map(([command, called]) => stageOf(command, optionsIn(called)));
  const [first, ...others] = stages;
  return z.toJSONSchema(planWith(z.discriminatedUnion("command", [first, ...others])), {
    io: "input",
    unrepresentable: "any",
    reused: "ref",
    override({ jsonSchema }) {
      // JSON has no infinity, and a bound there is none.
      if (jsonSchema.maximum === Number.POSITIVE_INFINITY) delete jsonSchema.maximum;
    },
  });
}
