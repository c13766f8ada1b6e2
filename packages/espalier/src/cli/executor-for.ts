import { existsSync } from "node:fs";
import type { Executor } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import { localExecutor } from "../jobs/local.ts";
import { readAddress } from "../jobs/queue/address.ts";
import { queueExecutor } from "../jobs/queue/executor.ts";
import { roomFor } from "../jobs/room.ts";
import { commandModule } from "./command-module.ts";
import { readFile } from "./files.ts";
import { note } from "./print.ts";

/** Where a command's jobs are done. */
export interface JobsPlace {
  /** The queue, as its option is given: the workers at it do the jobs. */
  readonly queue?: string;
  /** Jobs at once on this machine. */
  readonly jobs?: number;
  /** Threads of each job. */
  readonly threads: number;
  /** The address of the store. */
  readonly store: string;
  /** In which jobs are done on this machine. */
  readonly folder: string;
  /** The modules of data and measures that they load. */
  readonly modules: readonly string[];
}

/**
 * Does calls of commands: in processes of this machine, or by the workers of a queue.
 * @throws UserError for an address of a queue that is none, and for both at once
 */
export function executorFor({ queue, jobs, threads, store, folder, modules }: JobsPlace): Executor {
  if (queue === undefined) {
    return localExecutor({
      workers: jobs ?? roomFor(threads),
      modules: [commandModule({ store, folder, modules })],
    });
  }
  checkNoJobs(jobs);
  return queueExecutor({ address: queueAddress(queue), warn: note });
}

/** @throws UserError for a number of jobs beside a queue */
export function checkNoJobs(jobs: number | undefined): void {
  if (jobs === undefined) return;
  throw new UserError("The workers of a queue have --jobs of their own: leave out --jobs, or --queue.");
}

/**
 * The address that an option gives: itself, or the name of a file that holds it, where a password is not for all to see.
 * @throws UserError where it is none
 */
export function queueAddress(given: string): string {
  const address = existsSync(given) ? new TextDecoder().decode(readFile(given)).trim() : given;
  readAddress(address);
  return address;
}
