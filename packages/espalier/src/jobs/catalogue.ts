import type { Job } from "../engine/executor.ts";
import { decideJob, pivotsJob } from "../sharing/reconstruction/row-jobs.ts";

/** All jobs that a worker can do, by their names. */
export const jobs: ReadonlyMap<string, Job<never, unknown>> = new Map(
  [pivotsJob, decideJob].map((job) => [job.name, job]),
);
