import type { SweepCommand } from "../../jobs/command-job.ts";
import type { Json } from "../../json.ts";
import { metaOf } from "../../library/options/option.ts";
import { type Callable, flag, isModule, quoted, wordsOf } from "../command.ts";
import type { Point } from "./expand.ts";
import { stageModel } from "./plan-schema.ts";

/** The command lines that give a point again without a sweep, those of the points before it first. */
export function commandLines(
  point: Point,
  rowOf: (point: Point) => number,
  { commands, threads }: { readonly commands: ReadonlyMap<SweepCommand, Callable>; readonly threads: number },
): readonly string[] {
  const needed = [...point.before.values(), point];
  return needed.map((each) => {
    const called = commands.get(each.command);
    return called ? lineOf(each, called, { rowOf, threads }) : "";
  });
}

function lineOf(
  point: Point,
  { options: shape }: Callable,
  { rowOf, threads }: { readonly rowOf: (point: Point) => number; readonly threads: number },
): string {
  const pathOf = (value: Json) => {
    const source = stageModel.safeParse(value);
    const made = source.success ? point.before.get(source.data.stage) : undefined;
    return made ? modelOf(made, rowOf(made)) : value;
  };
  const { [point.argument]: subject, ...options } = point.options;
  const words = Object.entries(options).flatMap(([name, value]) => optionWords(name, shape[name], pathOf(value)));
  const seed = point.isRandom ? ["--seed", String(point.seed)] : [];
  const out = ["--out", outOf(point, rowOf(point))];
  const start = ["espalier", point.command, quoted(String(pathOf(subject)))];
  return [...start, ...words, ...seed, "--threads", String(threads), ...out].join(" ");
}

function optionWords(name: string, schema: Callable["options"][string], value: Json): readonly string[] {
  // A module's path is what is written there, and not what the option is.
  if (metaOf(schema).module && isModule(value)) return [flag(name), quoted(value)];
  return value === false ? [] : wordsOf(name, schema, schema.parse(value));
}

/** Where a command line writes what a point makes. */
function outOf({ stage, command, options, seed }: Point, row: number): string {
  const name = `${stage}-${row}-seed-${seed}`;
  if (command === "train" || command === "quantize") return `${name}.onnx`;
  if (command !== "compress") return name;
  return `${name}.${(options.format ?? "esp") === "esp" ? "esp" : "onnx"}`;
}

/** The network in that. */
const modelOf = (point: Point, row: number) =>
  point.command === "prune" ? `${outOf(point, row)}/pruned.onnx` : outOf(point, row);
