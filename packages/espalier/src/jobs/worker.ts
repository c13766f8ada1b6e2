import { parentPort } from "node:worker_threads";
import type { Job } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import { jobs as own } from "./catalogue.ts";
import { failureOf, type Reply, type Request } from "./messages.ts";

// What runs in a worker, thread or process: one job after the other, as they are asked for.

/** The library's jobs, and those of modules that are named to the worker. */
const jobs = new Map<string, Job<never, unknown>>(own);
const ready = Promise.all(
  process.argv.slice(2).map(async (module) => {
    const { jobs: more }: { readonly jobs: readonly Job<never, unknown>[] } = await import(module);
    for (const job of more) jobs.set(job.name, job);
  }),
);
// Whoever asks for a job is told; until then nobody waits for it.
ready.catch(() => {});
const { signal } = new AbortController();

async function answer(request: Request, reply: (message: Reply) => void): Promise<void> {
  try {
    await ready;
    const job = jobs.get(request.job);
    if (!job) throw new Error(`There is no job "${request.job}".`);
    if (request.isForeign) {
      if (!job.check) throw new UserError(`The job "${request.job}" is done on the machine that asks for it alone.`);
      job.check(request.input);
    }
    const context = { signal, progress: (told: unknown) => reply({ kind: "progress", told }) };
    // The sender's own job of that name gave the input its type.
    reply({ kind: "done", output: await job.run(request.input as never, context) });
  } catch (error) {
    reply({ kind: "failed", ...failureOf(error) });
  }
}

if (parentPort) {
  const port = parentPort;
  port.on("message", (request: Request) => answer(request, (message) => port.postMessage(message)));
} else {
  process.on("message", (request: Request) => answer(request, (message) => process.send?.(message)));
  // Whether Ctrl-C ends the work is for the one who asked for it to say.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit());
}
