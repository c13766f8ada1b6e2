import { z } from "zod";
import { UserError } from "../../errors.ts";
import { choices, nearest } from "../../suggest.ts";

/** How a value is written as text, on a command line and in a report. */
export interface Notation {
  /** Never fails: of a text that says nothing, it makes a value that the option's schema refuses. */
  read(text: string): unknown;
  write(value: unknown): string;
}

/** What is said of an option beside the type, default and check that its schema has. */
export interface OptionMeta {
  /** What it is for, as `--help` prints it. */
  readonly help: string;
  /** What stands for its value there, such as `n`. */
  readonly value?: string;
  /** How its value is written; default: numbers, names, texts and lists of texts as they are. */
  readonly notation?: Notation;
  /** The names that it takes, where its schema takes objects too. */
  readonly names?: readonly string[];
  /** Whether on a command line the path of a .js module may take a name's place: its default export is the value. */
  readonly module?: boolean;
  /** Whether on a command line it may be given several times: its texts are then one, with commas between. */
  readonly repeats?: boolean;
  /** The heading under which `--help` lists it; default: "Options". */
  readonly group?: string;
  /** The kinds of data that it is about; default: all. */
  readonly about?: readonly DataKind[];
  /** Whether its value may have entries by name: it is then given once for each. */
  readonly entries?: boolean;
  /** What file or folder it names, if it does: a model, data by its SPEC, or a file of another kind. */
  readonly reads?: "model" | "data" | "file";
  /** Whether it has no part in what is computed: where results go, or how they are shown. */
  readonly outside?: boolean;
}

/** Kinds of data that have options of their own. */
export type DataKind = "images" | "text" | "audio";

/** Options by their names. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** The values of options once they are checked. */
export type Values<Options extends Shape> = z.output<z.ZodObject<Options>>;

const metas = z.registry<OptionMeta>();

/** Attaches to an option's schema what is said of it: the schema is then all that is known of the option. */
export function option<Schema extends z.ZodType>(schema: Schema, meta: OptionMeta): Schema {
  metas.add(schema, meta);
  return schema;
}

/** What {@link option} attached. */
export function metaOf(schema: z.ZodType): OptionMeta {
  const meta = metas.get(schema);
  if (!meta) throw new Error("The schema is none of an option.");
  return meta;
}

/** The schema of an option's value, where one is given. */
export function valueSchema(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    const inner = schema.unwrap();
    if (inner instanceof z.ZodType) return valueSchema(inner);
  }
  return schema;
}

/** The names among which an option chooses; undefined for options that choose none. */
export function namesOf(schema: z.ZodType): readonly string[] | undefined {
  const inner = valueSchema(schema);
  return metaOf(schema).names ?? (inner instanceof z.ZodEnum ? inner.options.map(String) : undefined);
}

/** A number between bounds. @param name what messages call it */
export function number(name: string, least: number, most = Number.POSITIVE_INFINITY) {
  const range = most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`;
  const message = `The ${name} is a number ${range}.`;
  return z.number(message).min(least, message).max(most, message);
}

/** A whole number between bounds. @param name what messages call it */
export function whole(name: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  const message = `The ${name} is a number ${range}.`;
  return z.number(message).min(least, message).max(most, message).int(`The ${name} is a whole number.`);
}

/** One of some names. */
export function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, { error: ({ input }) => `${capitalized(choices(String(input), names))}.` });
}

/** One of some names, or an object of the user's that does the same. */
export function oneOfOr<Own>(names: readonly string[], isOwn: (value: unknown) => boolean) {
  return z.union([z.enum(names), z.custom<Own>(isOwn)], {
    error: ({ input }) => `${capitalized(choices(String(input), names))}, or give an object.`,
  });
}

/**
 * Checks options against their schemas and fills in defaults.
 * @throws UserError for an unknown option, or a value that is not valid
 */
export function checkOptions<Options extends z.ZodObject>(schema: Options, given: object): z.output<Options> {
  const unknown = Object.entries(given).find(([name, value]) => value !== undefined && !(name in schema.shape));
  if (unknown) {
    const meant = nearest(unknown[0], Object.keys(schema.shape));
    throw new UserError(
      `There is no option "${unknown[0]}" here: ${meant ? `did you mean "${meant}"?` : `choose among ${Object.keys(schema.shape).join(", ")}.`}`,
    );
  }
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  const [{ path, message }] = checked.error.issues;
  const [name = ""] = path;
  throw new UserError(
    `The option "${String(name)}" is not valid: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
  );
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
