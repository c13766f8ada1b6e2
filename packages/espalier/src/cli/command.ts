import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Argument, Command, Help, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { STANDARD } from "../data/read-file.ts";
import { UserError } from "../errors.ts";
import { quiet } from "../library/options/common.ts";
import { kindOf } from "../library/options/data.ts";
import { checkOptions, metaOf, namesOf, type OptionMeta, type Shape, valueSchema } from "../library/options/option.ts";
import { direct } from "./print.ts";

/** A command: its options are schemas, from which its flags, their checks and its help follow. */
export interface CommandSpec<Options extends z.ZodObject> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly argument?: {
    readonly name: string;
    readonly help: string;
    /** Names that it may be, for a shell to complete. */
    readonly names?: readonly string[];
    /** Whether it is a model's file where it is none of the names. */
    readonly reads?: "model";
  };
  readonly options: Options;
  /** Command lines, without the program's name. */
  readonly examples: readonly string[];
  run(call: Call<z.output<Options>>): void | Promise<void>;
}

/** One call of a command. */
export interface Call<Options> {
  /** Empty for a command without an argument. */
  readonly argument: string;
  readonly options: Options;
  /** The names of the options that were given. */
  readonly given: readonly string[];
  /** The options that were given and have a part in what is computed. */
  readonly computed: Partial<Options>;
  /** The options that were given, as they were: modules by their paths. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The command as it was given, each word as a shell takes it. */
  readonly line: string;
}

/** A command as it is called without a command line. */
export interface Callable {
  /** What its argument is called; undefined for a command without one. */
  readonly argument: CommandSpec<z.ZodObject>["argument"];
  readonly options: Shape;
  /**
   * Runs it.
   * @param values options by their names, as the library takes them
   * @param line the command line that does the same
   * @throws UserError for options that are not valid
   */
  call(argument: string, values: Readonly<Record<string, unknown>>, line: string): Promise<void>;
}

const callables = new WeakMap<Command, Callable>();

/** How a command that {@link defineCommand} made is called without a command line. */
export function callable(command: Command): Callable {
  const found = callables.get(command);
  if (!found) throw new Error(`The command ${command.name()} is made of others.`);
  return found;
}

/** Makes a command of its description. */
export function defineCommand<Options extends z.ZodObject>(spec: CommandSpec<Options>): Command {
  const shape: Shape = { ...spec.options.shape, quiet };
  const command = new Command(spec.name).summary(spec.summary).description(spec.description);
  if (spec.argument) {
    const { name, help, names = [] } = spec.argument;
    command.addArgument(namesOfArgument(new Argument(`<${name}>`, help), names));
  }
  for (const [name, schema] of Object.entries(shape)) command.addOption(flagOf(name, schema));
  const run = async (argument: string, values: Readonly<Record<string, unknown>>, line: string) => {
    const given = Object.keys(values);
    direct({ quiet: values.quiet === true, toError: writesToStandard(shape, values) });
    const options = spec.options.parse(await loaded(shape, values));
    const inside = (name: string) => given.includes(name) && !metaOf(shape[name]).outside;
    const computed = keep(options, inside);
    const own = given.filter((name) => name in spec.options.shape);
    await spec.run({ argument, options, given: own, computed, values, line });
  };
  callables.set(command, {
    argument: spec.argument,
    options: spec.options.shape,
    async call(argument, values, line) {
      const found = await loaded(shape, values);
      checkOptions(spec.options, found);
      await run(argument, found, line);
    },
  });
  const heading = spec.examples.length === 1 ? "Example" : "Examples";
  return command
    .configureHelp(helpFor(shape))
    .addHelpText("after", `\n${heading}:\n${spec.examples.map((line) => `  espalier ${line}`).join("\n")}`)
    .action(async (...all: unknown[]) => {
      const argument = spec.argument ? String(all[0]) : "";
      const given = Object.keys(shape).filter((name) => command.getOptionValueSource(kept(name).key) === "cli");
      for (const option of command.options) {
        const schema = shape[option.attributeName()];
        // Not commander's own check, which comes before a misspelled option is told.
        if (!schema || given.includes(option.attributeName()) || schema.safeParse(undefined).success) continue;
        command.error(`error: required option '${option.flags}' not specified`);
      }
      const values = Object.fromEntries(
        given.map((name) => [name, kept(name).negated || command.getOptionValue(kept(name).key)]),
      );
      await run(argument, values, lineOf(command));
    });
}

const argumentNames = new WeakMap<Argument, readonly string[]>();

/** Notes the names that an argument may be, for a shell to complete; they are not checked. */
export function namesOfArgument(argument: Argument, names: readonly string[]): Argument;
/** The names that were noted. */
export function namesOfArgument(argument: Argument): readonly string[];
export function namesOfArgument(argument: Argument, names?: readonly string[]) {
  if (!names) return argumentNames.get(argument) ?? [];
  argumentNames.set(argument, names);
  return argument;
}

/**
 * Returns true if a file that a command writes goes to standard output.
 * @throws UserError where it is a folder that is to be written, or standard output is a terminal or has another use
 */
function writesToStandard(shape: Shape, values: Readonly<Record<string, unknown>>): boolean {
  const name = ["out", "report"].find((each) => values[each] === STANDARD);
  if (name === undefined) return false;
  if (metaOf(shape[name]).value !== "file") {
    throw new UserError("A whole folder is written, which standard output cannot hold: give a folder as --out.");
  }
  if (values.json) {
    throw new UserError(`--json and --${name} - both write to standard output: leave out one of them.`);
  }
  if (process.stdout.isTTY) {
    throw new UserError("Standard output is a terminal, which cannot show the file: redirect it, or name a file.");
  }
  return true;
}

/** Under which key commander keeps an option: of `noOpen`, which is --no-open, what it says of `open`. */
function kept(name: string): { readonly key: string; readonly negated: boolean } {
  const made = new Option(flag(name));
  return { key: made.attributeName(), negated: made.negate };
}

/** Those of some options whose names are to be kept. */
export function keep<Options extends object>(options: Options, isKept: (name: string) => boolean): Partial<Options> {
  const kept: Partial<Options> = { ...options };
  for (const name in kept) if (!isKept(name)) delete kept[name];
  return kept;
}

/** Those of some options that belong to a schema, with the defaults of the others. */
export function only<Options extends z.ZodObject>(schema: Options, options: object): z.output<Options> {
  return schema.parse(options);
}

/** "--final-rate", of an option called `finalRate`. */
export const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** "--rounds, --epochs and --flip" */
export function flags(names: readonly string[]): string {
  const all = names.map(flag);
  return all.length < 2 ? all.join() : `${all.slice(0, -1).join(", ")} and ${all[all.length - 1]}`;
}

/**
 * Refuses options that are given and that a way of running a command does not take.
 * @param why what the sentence begins with
 */
export function refuseOthers(given: readonly string[], taken: Shape, why: string): void {
  const others = given.filter((name) => !(name in taken));
  if (others.length > 0) throw new UserError(`${why}: leave out ${flags(others)}.`);
}

function flagOf(name: string, schema: z.ZodType): Option {
  const meta = metaOf(schema);
  const inner = valueSchema(schema);
  const isList = inner instanceof z.ZodArray && !meta.notation;
  const value = meta.value ?? (inner instanceof z.ZodNumber ? (inner.isInt ? "n" : "x") : "name");
  const written = inner instanceof z.ZodBoolean ? "" : isList ? ` <${value}...>` : ` <${value}>`;
  const made = new Option(`${flag(name)}${written}`, meta.help);
  const names = namesOf(schema);
  if (names) made.choices(names);
  if (meta.group) made.helpGroup(meta.group);
  const initial = schema.safeParse(undefined);
  if (initial.success && initial.data !== undefined) made.default(initial.data, textOf(meta, initial.data));
  if (!(inner instanceof z.ZodBoolean) && !isList) {
    let given = false;
    made.argParser((text, before: unknown) => {
      const value = read(schema, meta.repeats && given ? `${before},${text}` : text);
      if (given && meta.entries && isRecord(before) && isRecord(value)) return { ...before, ...value };
      // Of numbers and names the last counts, as everywhere; of lists the others would be ignored without a word.
      if (given && (Array.isArray(value) || meta.entries))
        throw new InvalidArgumentError("It is given twice: write one list with commas.");
      given = true;
      return value;
    });
  }
  return made;
}

/** Returns true for the path of a module. */
export const isModule = (text: unknown): text is string => typeof text === "string" && /\.[cm]?[jt]s$/.test(text);

/**
 * The values of options, what modules export by default in the place of their paths.
 * @throws UserError for a module that cannot be loaded, or exports something else
 */
async function loaded(shape: Shape, values: Readonly<Record<string, unknown>>) {
  const found = { ...values };
  for (const [name, path] of Object.entries(values)) {
    // What is no option is refused where they are checked.
    if (!Object.hasOwn(shape, name) || !metaOf(shape[name]).module || !isModule(path)) continue;
    const { default: exported } = await importModule(path, flag(name));
    if (!shape[name].safeParse(exported).success) {
      throw new UserError(`The default export of ${path} is not what ${flag(name)} takes: see the guide.`);
    }
    found[name] = exported;
  }
  return found;
}

async function importModule(path: string, of: string): Promise<{ readonly default?: unknown }> {
  if (!existsSync(path)) throw new UserError(`There is no module ${path} for ${of}: check the path.`);
  return import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The module ${path} of ${of} cannot be loaded (${reason}): fix it.`);
  });
}

/** What a text says as the value of an option. */
function read(schema: z.ZodType, text: string): unknown {
  const { notation, module } = metaOf(schema);
  if (module && isModule(text)) return text;
  const value = notation
    ? notation.read(text)
    : isNumeric(valueSchema(schema))
      ? text.trim() === ""
        ? Number.NaN
        : Number(text)
      : text;
  const checked = schema.safeParse(value);
  if (checked.success) return value;
  throw new InvalidArgumentError(checked.error.issues[0].message);
}

/** Returns true for the schema of a number, or of some numbers. */
function isNumeric(schema: z.ZodType): boolean {
  const isSome = schema instanceof z.ZodLiteral && [...schema.values].every((value) => typeof value === "number");
  return schema instanceof z.ZodNumber || isSome;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf({ notation }: OptionMeta, value: unknown): string {
  return notation ? notation.write(value) : String(value);
}

/** A word without the name and password of an address: reports show it. */
const withoutPassword = (word: string) => word.replace(/(rediss?:\/\/)[^/?#]*@/i, "$1");

/** The command line that reached a command, from the program's name on. */
function lineOf(command: Command): string {
  let root = command;
  while (root.parent) root = root.parent;
  return [root.name(), ...root.args.map((word) => quoted(withoutPassword(word)))].join(" ");
}

/** An option with its value, as words of a command line. */
export function wordsOf(name: string, schema: z.ZodType, value: unknown): string[] {
  const meta = metaOf(schema);
  if (value === true) return [flag(name)];
  if (meta.entries && isRecord(value)) {
    return Object.entries(value).flatMap(([key, own]) => [flag(name), quoted(textOf(meta, { [key]: own }))]);
  }
  if (Array.isArray(value) && !meta.notation) return [flag(name), ...value.map((each) => quoted(String(each)))];
  return [flag(name), quoted(textOf(meta, value))];
}

/** A word as a shell takes it. */
export const quoted = (word: string) => (/^[\w.,:=/@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Help without the options that are about another kind of data than what is given. */
function helpFor(shape: Shape) {
  return {
    visibleOptions(command: Command): Option[] {
      const spec: unknown = command.getOptionValue("data");
      const all = new Help().visibleOptions(command);
      if (typeof spec !== "string") return all;
      const kind = kindOf(spec);
      return all.filter((option) => {
        const schema = shape[option.attributeName()];
        const about = schema && metaOf(schema).about;
        return !about || (kind !== undefined && about.includes(kind));
      });
    },
  };
}
