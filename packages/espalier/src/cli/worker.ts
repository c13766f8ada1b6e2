import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { openStore } from "../jobs/open-store.ts";
import { readAddress } from "../jobs/queue/address.ts";
import { machineKind, queueName } from "../jobs/queue/kind.ts";
import { serve } from "../jobs/queue/serve.ts";
import { ownProgram } from "../jobs/start.ts";
import { queue } from "../library/options/jobs.ts";
import { option, whole } from "../library/options/option.ts";
import { defineCommand } from "./command.ts";
import { commandModule } from "./command-module.ts";
import { queueAddress } from "./executor-for.ts";
import { untilAsked } from "./interrupt.ts";
import { note } from "./print.ts";

const options = z.object({
  queue,
  store: option(z.string(), {
    help: "the folder or s3://BUCKET/PREFIX that all machines share, with files by their content",
    value: "dir",
  }),
  folder: option(z.string().optional(), {
    help: "this worker's own folder, in which a job goes on that was killed there (default: one that goes with it)",
    value: "dir",
  }),
  jobs: option(whole("number of jobs", 1, 256).optional(), {
    help: "jobs at once, each in a process of its own (default: one for each core)",
  }),
  modules: option(z.array(z.string()).optional(), {
    help: "modules of data and measures that jobs may load; they load no others",
    value: "file",
  }),
  lock: option(whole("number of seconds", 2, 3600).default(30), {
    help: "seconds without a sign of this worker after which its jobs go to others",
  }),
});

/** `espalier worker`: does the jobs of other machines. */
export const workerCommand = () =>
  defineCommand({
    name: "worker",
    summary: "do jobs that other machines ask for, from a queue",
    description:
      "Takes jobs from a queue on Redis, each into a process of its own, and puts what comes out into the store, until Ctrl-C or SIGTERM: a job that is not done then goes back to the queue. It runs only commands of Espalier, of the same version and on the same kind of processor, and reads and writes only in the store and its folder.",
    options,
    examples: [
      "worker --queue redis://10.0.0.5:6379 --store /shared/espalier",
      "worker --queue address.txt --store /shared/espalier --jobs 4 --modules data.mjs",
    ],
    async run({ options: { store, jobs = availableParallelism(), modules = [], lock, ...options } }) {
      if (options.queue === undefined) throw new UserError("A worker takes jobs from a queue: give its --queue.");
      const address = queueAddress(options.queue);
      await openStore(store);
      const missing = modules.find((path) => !existsSync(path));
      if (missing !== undefined) throw new UserError(`There is no module ${missing} for --modules: check the path.`);
      const folder = options.folder ?? mkdtempSync(join(tmpdir(), "espalier-worker-"));
      mkdirSync(folder, { recursive: true });
      const kind = machineKind();
      const { shown } = readAddress(address);
      const program = ownProgram([commandModule({ store, folder, modules })]);
      const onJob = (id: string, what: string) => note(`job ${id.slice(0, 12)}: ${what}`);
      const onReady = () => note(`The worker is at ${shown}, queue ${queueName(kind)}: ${jobs} jobs at once.`);
      try {
        await untilAsked((signal) => serve({ address, kind, jobs, program, lock, signal, warn: note, onJob, onReady }));
        note("The worker has ended.");
      } finally {
        if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
      }
    },
  });
