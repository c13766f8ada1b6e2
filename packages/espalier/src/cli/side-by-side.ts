import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Executor } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import { commandJob, type JobRecord } from "../jobs/command-job.ts";
import { openStore } from "../jobs/open-store.ts";
import { getRecord, type Store } from "../jobs/store.ts";
import { executorFor } from "./executor-for.ts";
import { type CommandCall, type FindCommand, JobMaker } from "./job-maker.ts";

/** Where a command has its own jobs done. */
export interface OwnJobsPlace {
  /** Calls at once on this machine; the workers of a queue have numbers of their own. */
  readonly jobs?: number;
  readonly queue?: string;
  readonly threads: number;
  /** The address of the store that is shared; default: one in the folder. */
  readonly store?: string;
  /** In which they work, and which goes when they are done. */
  readonly folder: string;
}

export interface SideBySideOptions extends OwnJobsPlace {
  /** What the commands take. */
  readonly find: FindCommand;
  readonly signal: AbortSignal;
  /** Is given what a call says of how far it is. */
  readonly onTold: (text: string) => void;
  /** Is given what came out of each call, in their order. */
  readonly onRecord: (record: JobRecord) => void;
}

/**
 * Works with a store and with what does jobs from it, until the work ends.
 * @param work is given what begins workers that may load some modules, once
 */
export async function withOwnJobs<Result>(
  { jobs, queue, threads, store: shared, folder }: OwnJobsPlace,
  work: (store: Store, begin: (modules: readonly string[]) => Executor) => Promise<Result>,
): Promise<Result> {
  const address = shared ?? join(folder, "store");
  const store = await openStore(address);
  let executor: Executor | undefined;
  const begin = (modules: readonly string[]) => {
    executor = executorFor({ queue, jobs, threads, store: address, folder: join(folder, "work"), modules });
    return executor;
  };
  try {
    return await work(store, begin);
  } finally {
    await executor?.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Does calls of commands in workers of this machine, or of a queue.
 * @throws what a call throws; the signal's reason
 */
export async function sideBySide(
  calls: readonly CommandCall[],
  { find, signal, onTold, onRecord, ...place }: SideBySideOptions,
): Promise<void> {
  await withOwnJobs(place, async (store, begin) => {
    const maker = new JobMaker(store, find);
    const jobs = await Promise.all(calls.map((call) => maker.make(call)));
    const onProgress = (_: number, text: unknown) => onTold(String(text));
    for await (const id of begin(maker.modules).run(commandJob, jobs, { signal, onProgress })) {
      const record = await getRecord(store, id);
      if (!record) throw new UserError(`${place.folder} was changed while work went on in it: begin again.`);
      onRecord(record);
    }
  });
}
