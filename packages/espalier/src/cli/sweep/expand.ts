import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { SweepCommand } from "../../jobs/command-job.ts";
import { canonicalJson, type Json } from "../../json.ts";
import { compressOptions } from "../../library/compress.ts";
import { type CompressWay, compressWay } from "../../library/compress-way.ts";
import { keep } from "../command.ts";
import { type LoosePlan, type LooseStage, stageModel } from "./plan-schema.ts";

/** The values of options that differ among the points of a sweep, called `STAGE.OPTION`. */
export type Settings = Readonly<Record<string, Json>>;

/** One call of a command for one seed, and the calls whose models it takes. */
export interface Point {
  readonly stage: string;
  readonly command: SweepCommand;
  /** With the argument by its name; models of other stages are `{ stage }`. */
  readonly options: Readonly<Record<string, Json>>;
  /** What its command calls its argument. */
  readonly argument: string;
  readonly seed: number;
  /** Whether it has a part in what is computed. */
  readonly isRandom: boolean;
  /** What differs from others, of this stage and of those before. */
  readonly settings: Settings;
  /** The points that it follows from, by their stages. */
  readonly before: ReadonlyMap<string, Point>;
  /** The one whose model is changed, if that is not the user's. */
  readonly parent?: Point;
}

/** No sweep has more calls. */
const MOST_POINTS = 100_000;

/** A stage with what its command calls its argument. */
export interface NamedStage extends LooseStage {
  readonly name: string;
  readonly argument: string;
}

/**
 * All calls of a plan, each after those that it follows from.
 * @throws UserError for too many, or a stage that takes the model of one that is not before it
 */
export function pointsOf(plan: LoosePlan, stages: readonly NamedStage[]): readonly Point[] {
  const made = new Map<string, readonly Point[]>();
  let total = 0;
  for (const stage of stages) {
    const points = pointsOfStage(stage, made, plan.seeds);
    total += points.length;
    if (total > MOST_POINTS) {
      throw new UserError(`The plan asks for over ${MOST_POINTS.toLocaleString("en-US")} jobs: leave some values out.`);
    }
    made.set(stage.name, points);
  }
  return [...made.values()].flat();
}

function pointsOfStage(
  stage: NamedStage,
  made: ReadonlyMap<string, readonly Point[]>,
  seeds: readonly number[],
): readonly Point[] {
  const variants = variantsOf(stage);
  const varied = variedIn(variants);
  return variants.flatMap((options) => {
    const sources = sourcesOf(options, stage.argument);
    const starts = sources.length === 0 ? undefined : made.get(sources[0]);
    if (sources.length > 0 && !starts) throw notBefore(stage.name, sources[0]);
    for (const source of sources) {
      const [{ command }] = made.get(source) ?? [{ command: "train" }];
      if (MAKES_NONE.includes(command)) {
        throw new UserError(
          `The stage "${source}" makes no network, as ${command} does not: take the model of another.`,
        );
      }
    }
    const own = Object.fromEntries(varied.map((name) => [`${stage.name}.${name}`, options[name] ?? null]));
    const { name, command } = stage;
    const isRandom = usesSeed(command, options);
    const common = { stage: name, command, options, argument: stage.argument, isRandom };
    if (!starts) return seeds.map((seed) => ({ ...common, seed, settings: own, before: new Map() }));
    return starts.map((start): Point => {
      const before = new Map([...start.before, [start.stage, start]]);
      for (const source of sources) if (!before.has(source)) throw notBefore(name, source);
      const fed = stageModel.safeParse(options[stage.argument]);
      const parent = fed.success ? before.get(fed.data.stage) : undefined;
      return { ...common, seed: start.seed, settings: { ...start.settings, ...own }, before, parent };
    });
  });
}

/** Commands after which there is no other network. */
const MAKES_NONE: readonly string[] = ["scan", "reproduce"];

const notBefore = (stage: string, source: string) =>
  new UserError(
    `The stage "${stage}" takes the model of "${source}", which is not among those that it follows from: name one of them.`,
  );

/** The combinations of a stage's options. @throws UserError for too many */
export function variantsOf({ name, options, grid, list }: NamedStage): readonly Readonly<Record<string, Json>>[] {
  const count = Object.values(grid).reduce((product, values) => product * values.length, list.length);
  if (count > MOST_POINTS) {
    throw new UserError(`The stage "${name}" asks for ${count} combinations: leave some values out.`);
  }
  let variants = list.map((own) => ({ ...options, ...own }));
  for (const [option, values] of Object.entries(grid)) {
    variants = variants.flatMap((variant) => values.map((value) => ({ ...variant, [option]: value })));
  }
  return variants;
}

/** The options that are not the same in all variants. */
function variedIn(variants: readonly Readonly<Record<string, Json>>[]): readonly string[] {
  const names = new Set(variants.flatMap((variant) => Object.keys(variant)));
  const text = (value: Json | undefined) => (value === undefined ? "" : canonicalJson(value));
  return [...names].filter((name) => new Set(variants.map((variant) => text(variant[name]))).size > 1);
}

/** The stages whose models options take, that of the argument first. */
function sourcesOf(options: Readonly<Record<string, Json>>, argument: string): readonly string[] {
  return [options[argument], ...Object.values(options)].flatMap((value) => {
    const found = stageModel.safeParse(value);
    return found.success ? [found.data.stage] : [];
  });
}

const compressSchema = z.object(compressOptions);

/** Returns true where a seed has a part in what a command computes: some ways refuse one. */
function usesSeed(command: SweepCommand, options: Readonly<Record<string, Json>>): boolean {
  if (command === "prune") return options.unlabeled !== true;
  if (command === "scan") return Number(options.retrain ?? 0) > 0;
  if (command !== "compress") return true;
  const way = wayOf(options);
  return way !== "lossless" && way !== "guess";
}

/** How `compress` makes weights small. @throws UserError for options that do not go together */
export function wayOf(options: Point["options"]): CompressWay {
  const given = keep(compressSchema.parse(options), (name) => name in options);
  return compressWay(given, options.data !== undefined);
}
