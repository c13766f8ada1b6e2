import type { Json } from "../json.ts";
import { metaOf } from "../library/options/option.ts";
import { type Callable, isModule } from "./command.ts";

/** A file or folder that a call of a command names. */
export interface NamedFile {
  /** The option or argument that names it. */
  readonly option: string;
  readonly reads: "model" | "data" | "file" | "module";
  /** Of data the path in its SPEC, or `mnist`. */
  readonly path: string;
}

/** What a command is called with. */
export interface Given {
  readonly argument: string;
  readonly options: Record<string, Json>;
}

/** The same call with other names for the files that it reads; all of them are seen. */
export async function renamed(
  { argument: about, options: shape }: Pick<Callable, "argument" | "options">,
  { argument, options }: Given,
  rename: (file: NamedFile) => Promise<string>,
): Promise<Given> {
  const changed = { ...options };
  for (const [option, value] of Object.entries(options)) {
    const schema = Object.hasOwn(shape, option) ? shape[option] : undefined;
    // An option that is none is refused where options are checked.
    if (!schema) continue;
    const { reads, module } = metaOf(schema);
    if (module && isModule(value)) changed[option] = await rename({ option, reads: "module", path: value });
    else if (reads === "data" && typeof value === "string") {
      changed[option] = await inSpec(value, (path, isCode) =>
        rename({ option, reads: isCode ? "module" : "data", path }),
      );
    } else if (reads && typeof value === "string") changed[option] = await rename({ option, reads, path: value });
    else if (reads && isStage(value)) {
      changed[option] = { ...value, file: await rename({ option, reads, path: value.file }) };
    }
  }
  if (about?.reads === undefined || about.names?.includes(argument)) return { argument, options: changed };
  return { argument: await rename({ option: about.name, reads: about.reads, path: argument }), options: changed };
}

/** A SPEC of data with another path in it; `scenes` has none. */
async function inSpec(spec: string, rename: (path: string, isCode: boolean) => Promise<string>): Promise<string> {
  if (spec === "scenes") return spec;
  const [, kind, path = spec] = /^(\w+:)?(.+)$/s.exec(spec) ?? [];
  return `${kind ?? ""}${await rename(path, kind === undefined && isModule(path))}`;
}

/** Returns true for a network that gives what another reads. */
function isStage(value: Json): value is { [name: string]: Json } & { readonly file: string } {
  return typeof value === "object" && value !== null && "file" in value && typeof value.file === "string";
}
