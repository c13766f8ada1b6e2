import type { Executor } from "../../engine/executor.ts";
import { UserError } from "../../errors.ts";
import { type CommandJob, commandJob, type JobRecord, jobId } from "../../jobs/command-job.ts";
import { getRecord, type Store } from "../../jobs/store.ts";
import type { Json } from "../../json.ts";
import { type CommandCall, contentPath, type JobMaker } from "../job-maker.ts";
import type { Point } from "./expand.ts";
import { networkOf } from "./outcome.ts";
import { stageModel } from "./plan-schema.ts";

/** What became of a point: what came out, or why nothing did. */
export type Outcome =
  | { readonly point: Point; readonly record: JobRecord; readonly isKnown: boolean }
  | { readonly point: Point; readonly failed: string };

export interface RunOptions {
  readonly executor: Executor;
  readonly store: Store;
  readonly maker: JobMaker;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Is told of each point that is done with. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Is told of each try that failed. */
  readonly onTry: (point: Point, why: string, isLast: boolean) => void;
  /** Is given what a command says of how far it is. */
  readonly onTold: (point: Point, text: string) => void;
}

/** How often a job is tried before it is given up: once, and twice again. */
const TRIES = 3;

/**
 * Does all points, each as soon as those before it are done. What the store has is not done again, and one that fails
 * stops none but those that follow from it.
 * @throws the signal's reason
 */
export async function runPoints(points: readonly Point[], options: RunOptions): Promise<readonly Outcome[]> {
  const begun = new Map<Point, Promise<Outcome>>();
  const records = new Map<string, Promise<{ readonly record: JobRecord; readonly isKnown: boolean }>>();
  for (const point of points) {
    const before = [...point.before.values()].map((each) => begun.get(each));
    const outcome = outcomeOf(point, Promise.all(before), records, options);
    // Looked at when all have begun.
    outcome.catch(() => {});
    begun.set(point, outcome);
  }
  const settled = await Promise.allSettled(begun.values());
  options.signal.throwIfAborted();
  return settled.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}

async function outcomeOf(
  point: Point,
  earlier: Promise<readonly (Outcome | undefined)[]>,
  records: Map<string, Promise<{ readonly record: JobRecord; readonly isKnown: boolean }>>,
  options: RunOptions,
): Promise<Outcome> {
  const fed = new Map<string, JobRecord>();
  for (const before of await earlier) {
    if (before && "record" in before) fed.set(before.point.stage, before.record);
    else if (before) return told({ point, failed: `its stage "${before.point.stage}" failed` }, options);
  }
  try {
    const job = await options.maker.make(callOf(point, options.threads, (stage) => pathIn(fed, stage)));
    const id = jobId(job);
    const record = records.get(id) ?? recordOf(point, job, id, options);
    records.set(id, record);
    return told({ point, ...(await record) }, options);
  } catch (error) {
    options.signal.throwIfAborted();
    return told({ point, failed: messageOf(error) }, options);
  }
}

function told(outcome: Outcome, { onOutcome }: RunOptions): Outcome {
  onOutcome(outcome);
  return outcome;
}

/** @throws what the last try threw; the signal's reason */
async function recordOf(point: Point, job: CommandJob, id: string, options: RunOptions) {
  const { executor, store, signal, onTry, onTold } = options;
  const known = await getRecord(store, id);
  if (known) return { record: known, isKnown: true };
  for (let left = TRIES - 1; ; left--) {
    try {
      const onProgress = (_: number, text: unknown) => onTold(point, String(text));
      for await (const _ of executor.run(commandJob, [job], { signal, onProgress }));
      const record = await getRecord(store, id);
      if (record) return { record, isKnown: false };
      throw new UserError(`It was done, and ${store.name} has no record of it: share one store with the workers.`);
    } catch (error) {
      signal.throwIfAborted();
      onTry(point, messageOf(error), left === 0);
      if (left === 0) throw error;
    }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * The call of a point.
 * @param networkOf the path of the network that a stage before it made
 */
export function callOf(point: Point, threads: number, networkOf: (stage: string) => string): CommandCall {
  const { command, argument, seed, isRandom } = point;
  const given = Object.entries(point.options).map(([name, value]) => {
    const source = stageModel.safeParse(value);
    return [name, source.success ? networkOf(source.data.stage) : value] as const;
  });
  const { [argument]: subject, ...options }: Record<string, Json> = Object.fromEntries(given);
  return { command, argument: String(subject), options, threads, ...(isRandom ? { seed } : {}) };
}

/** Puts all that the user's own files give to jobs into the store. @throws UserError for one that is not there */
export async function putFiles(points: readonly Point[], maker: JobMaker): Promise<void> {
  const later = contentPath("0".repeat(64), ".onnx");
  for (const point of new Map(points.map((each) => [each.options, each])).values()) {
    await maker.make(callOf(point, 1, () => later));
  }
}

function pathIn(fed: ReadonlyMap<string, JobRecord>, stage: string): string {
  const record = fed.get(stage);
  const network = record && networkOf(record);
  if (!network) throw new UserError(`The stage "${stage}" made no network: see what it gave.`);
  return contentPath(network.sha256, network.ending);
}
