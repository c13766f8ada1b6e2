import { register } from "tsx/esm/api";

// A worker on a queue in a process of its own, which does the trial jobs: `node trial-worker.mjs ADDRESS KIND`. It
// prints what becomes of its jobs.

register();
const { serve } = await import("../../../src/jobs/queue/serve.ts");
const { entry } = await import("../entry.ts");
const [address, kind] = process.argv.slice(2);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const modules = [new URL("../trial-jobs.ts", import.meta.url).href];
const program = { kind: "process", entry, modules };
const onJob = (id, what) => console.log(`${what} ${id}`);
await serve({ address, kind, jobs: 1, program, lock: 2, signal: stop.signal, onJob, warn: console.error });
