import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { SWEEP_COMMANDS, type SweepCommand } from "../../jobs/command-job.ts";
import { checkOptions } from "../../library/options/option.ts";
import { type Callable, isModule } from "../command.ts";
import { readFile } from "../files.ts";
import { findCommand } from "../job-commands.ts";
import { type NamedStage, type Point, pointsOf, variantsOf } from "./expand.ts";
import { type LooseStage, loosePlan, optionsIn } from "./plan-schema.ts";

/** A plan that was checked. */
export interface ReadPlan {
  readonly name: string;
  readonly threads: number;
  readonly seeds: readonly number[];
  readonly stages: readonly NamedStage[];
  readonly points: readonly Point[];
  /** Those of its stages. */
  readonly commands: ReadonlyMap<SweepCommand, Callable>;
}

/** Commands that a plan may have, by name; what draws their reports takes long to load. */
export async function planCommands(names: Iterable<SweepCommand> = SWEEP_COMMANDS) {
  const made = [...new Set(names)].map(async (name) => [name, await findCommand(name)] as const);
  return new Map(await Promise.all(made));
}

/**
 * Reads the plan of a sweep: a JSON file, or a module that exports one by default.
 * @throws UserError when it is none, or an option is not valid
 */
export async function readPlan(file: string): Promise<ReadPlan> {
  const checked = loosePlan.safeParse(isModule(file) ? await exportOf(file) : jsonIn(file));
  if (!checked.success)
    throw new UserError(`${file} is not the plan of a sweep (${firstIssue(checked.error)}): fix it.`);
  const plan = checked.data;
  const commands = await planCommands(plan.stages.map(({ command }) => command));
  const stages: NamedStage[] = [];
  for (const stage of plan.stages) {
    const called = commands.get(stage.command);
    if (called) stages.push(checkedStage(file, stage, called, stages));
  }
  const { name = basename(file).replace(/\.\w+$/, ""), threads, seeds } = plan;
  return { name, threads, seeds: [...new Set(seeds)], stages, points: pointsOf(plan, stages), commands };
}

async function exportOf(file: string): Promise<unknown> {
  readFile(file);
  const loaded: { readonly default?: unknown } = await import(pathToFileURL(resolve(file)).href).catch((error) => {
    throw new UserError(`The module ${file} cannot be loaded (${messageOf(error)}): fix it.`);
  });
  return loaded.default;
}

function jsonIn(file: string): unknown {
  const text = new TextDecoder().decode(readFile(file));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON (${messageOf(error)}): fix it, or name a .js module.`);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];

function firstIssue(error: z.ZodError): string {
  const [{ path, message }] = error.issues;
  return `${path.join(".") || "it"}: ${message}`;
}

/** @throws UserError for a name that is taken, or options that the command does not take so */
function checkedStage(file: string, stage: LooseStage, called: Callable, earlier: readonly NamedStage[]): NamedStage {
  const name = stage.name ?? stage.command;
  if (earlier.some((other) => other.name === name)) {
    throw new UserError(`${file} has two stages called "${name}": give one of them another name.`);
  }
  const { name: argument = "", reads } = called.argument ?? {};
  const isGiven = [stage.options, stage.grid, ...stage.list].some((part) => Object.hasOwn(part, argument));
  const before = earlier.at(-1);
  const fed = reads && before && !isGiven ? { [argument]: { stage: before.name } } : {};
  const made = { ...stage, name, argument, options: { ...fed, ...stage.options } };
  const schema = z.object(optionsIn(called));
  try {
    for (const variant of variantsOf(made)) checkVariant(schema, variant, called);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${file}, stage "${name}": ${error.message}`);
  }
  return made;
}

function checkVariant(schema: z.ZodObject, variant: Readonly<Record<string, unknown>>, called: Callable): void {
  checkOptions(schema, variant);
  const { name = "" } = called.argument ?? {};
  if (variant[name] === undefined) throw new UserError(`There is no "${name}", which the command is about: give one.`);
  for (const [option, own] of Object.entries(called.options)) {
    if (option in schema.shape && variant[option] === undefined && !own.safeParse(undefined).success) {
      throw new UserError(`There is no "${option}", which the command needs: give one.`);
    }
  }
}
