import type { JobRecord } from "../../jobs/command-job.ts";
import { contentKey } from "../../jobs/store.ts";
import { canonicalJson } from "../../json.ts";
import { isBetter } from "../../tasks/measure.ts";
import { type Point, type Settings, wayOf } from "./expand.ts";
import { type AboutMeasure, type Judged, judged } from "./outcome.ts";
import type { Outcome } from "./run-points.ts";

/** A mean over seeds, and how far apart they are: the standard deviation of a sample, where there are two or more. */
export interface Spread {
  readonly mean: number;
  readonly deviation?: number;
}

/** What a combination of options gave, over all seeds. */
export interface SweepRow {
  /** From 1. */
  readonly row: number;
  readonly stage: string;
  readonly settings: Settings;
  /** Those that are done. */
  readonly seeds: readonly number[];
  readonly measure?: AboutMeasure;
  readonly test?: Spread;
  readonly validation?: Spread;
  readonly bytes?: Spread;
  readonly nonzero?: Spread;
  /** Whether none is both smaller and better. */
  readonly isFront: boolean;
  /** The command lines that give it again, for the first seed. */
  readonly commands: readonly string[];
}

/** What one job of it gave. */
export interface SweepEntry extends Partial<Omit<Judged, "measure">> {
  readonly row: number;
  readonly seed: number;
  /** What the command printed, where it made no network. */
  readonly result?: JobRecord["result"];
  readonly id?: string;
  /** Where its files are in the store. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Why there is nothing. */
  readonly failed?: string;
}

export interface SweepTable {
  readonly rows: readonly SweepRow[];
  readonly points: readonly SweepEntry[];
}

/** What came out of a sweep, in the order of its plan: the same for any order in which jobs were done. */
export function tableOf(
  outcomes: readonly Outcome[],
  linesOf: (point: Point, rowOf: (point: Point) => number) => readonly string[],
): SweepTable {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = keyOf(outcome.point);
    groups.set(key, [...(groups.get(key) ?? []), outcome]);
  }
  const numbers = new Map([...groups.keys()].map((key, i) => [key, i + 1]));
  const rowOf = (point: Point) => numbers.get(keyOf(point)) ?? 0;
  const found = new Map(outcomes.map((outcome) => [outcome.point, networkIn(outcome)]));
  // One that codes losslessly is judged as the network that it codes.
  const of = (point: Point): Judged => {
    const own = found.get(point) ?? {};
    if (own.measure || !point.parent || point.command !== "compress" || wayOf(point.options) !== "lossless") return own;
    return { ...of(point.parent), ...own };
  };
  const rows = [...groups.values()].map((group): Omit<SweepRow, "isFront"> => {
    const [{ point }] = group;
    const done = group.filter((outcome) => "record" in outcome).map((outcome) => outcome.point);
    const all = done.map(of);
    const values = (name: "test" | "validation" | "bytes" | "nonzero") => spread(all.map((each) => each[name]));
    return {
      row: rowOf(point),
      stage: point.stage,
      settings: point.settings,
      seeds: done.map(({ seed }) => seed),
      measure: all[0]?.measure,
      test: values("test"),
      validation: values("validation"),
      bytes: values("bytes"),
      nonzero: values("nonzero"),
      commands: linesOf(point, rowOf),
    };
  });
  return {
    rows: rows.map((row) => ({ ...row, isFront: isOnFront(row, rows) })),
    points: outcomes.map((outcome) => entryOf(outcome, rowOf(outcome.point), of(outcome.point))),
  };
}

const keyOf = ({ stage, settings }: Point) => canonicalJson([stage, settings]);

const networkIn = (outcome: Outcome): Judged => ("record" in outcome ? judged(outcome.record) : {});

function entryOf(outcome: Outcome, row: number, { measure: _, ...network }: Judged): SweepEntry {
  const { seed } = outcome.point;
  if (!("record" in outcome)) return { row, seed, failed: outcome.failed };
  const { id, result, outputs } = outcome.record;
  const files = Object.entries(outputs).map(([name, { sha256 }]) => [name, contentKey(sha256)]);
  const printed = network.bytes === undefined ? { result } : {};
  return { row, seed, ...network, ...printed, id, outputs: Object.fromEntries(files) };
}

/** The mean of some numbers; undefined where one is not there. */
export function spread(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < values.length) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length === 1) return { mean };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (known.length - 1)) };
}

type Judgement = Pick<SweepRow, "measure" | "test" | "bytes">;

/** Returns true for a network than which no other by the same measure is at least as small and as good, and one of both more. */
function isOnFront({ measure, test, bytes }: Judgement, all: readonly Judgement[]): boolean {
  if (!measure || !test || !bytes) return false;
  return !all.some((other) => {
    if (other.measure?.name !== measure.name || !other.test || !other.bytes) return false;
    if (other.bytes.mean > bytes.mean || isBetter(measure, test.mean, other.test.mean)) return false;
    return other.bytes.mean < bytes.mean || isBetter(measure, other.test.mean, test.mean);
  });
}
