import { rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { commandJob, type JobRecord } from "../jobs/command-job.ts";
import { openStore } from "../jobs/open-store.ts";
import { getRecord } from "../jobs/store.ts";
import { executorFor } from "./executor-for.ts";
import { type CommandCall, type FindCommand, JobMaker } from "./job-maker.ts";

export interface SideBySideOptions {
  /** Calls at once on this machine; the workers of a queue have numbers of their own. */
  readonly jobs?: number;
  readonly queue?: string;
  readonly threads: number;
  /** The address of the store that is shared; default: one in the folder. */
  readonly store?: string;
  /** What the commands take. */
  readonly find: FindCommand;
  /** In which they work, and which goes when they are done. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Is given what a call says of how far it is. */
  readonly onTold: (text: string) => void;
  /** Is given what came out of each call, in their order. */
  readonly onRecord: (record: JobRecord) => void;
}

/**
 * Does calls of commands in workers of this machine, or of a queue.
 * @throws what a call throws; the signal's reason
 */
export async function sideBySide(
  calls: readonly CommandCall[],
  { jobs: atOnce, queue, threads, store: shared, find, folder, signal, onTold, onRecord }: SideBySideOptions,
): Promise<void> {
  const address = shared ?? join(folder, "store");
  const store = await openStore(address);
  const maker = new JobMaker(store, find);
  const jobs = await Promise.all(calls.map((call) => maker.make(call)));
  const place = { queue, jobs: atOnce, threads, store: address, folder: join(folder, "work") };
  const executor = executorFor({ ...place, modules: maker.modules });
  try {
    const onProgress = (_: number, text: unknown) => onTold(String(text));
    for await (const id of executor.run(commandJob, jobs, { signal, onProgress })) {
      const record = await getRecord(store, id);
      if (!record) throw new UserError(`${folder} was changed while work went on in it: begin again.`);
      onRecord(record);
    }
  } finally {
    await executor.release();
    rmSync(folder, { recursive: true, force: true });
  }
}
