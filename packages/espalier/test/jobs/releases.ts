import { localExecutor } from "../../src/jobs/local.ts";
import { entry } from "./entry.ts";
import { square } from "./trial-jobs.ts";

// A program of which nothing is left but a worker when it is released.

const modules = [new URL("./trial-jobs.ts", import.meta.url).href];
const executor = localExecutor({ workers: 1, entry, modules });
for await (const output of executor.run(square, [{ x: 3 }])) console.log(output);
await executor.release();
console.log("released");
