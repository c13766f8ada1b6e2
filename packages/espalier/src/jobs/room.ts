import { availableParallelism, freemem } from "node:os";

/** Memory that a job is taken to need. */
const MEMORY = 2 ** 30;

/** How many jobs of so many threads this machine's cores and free memory hold: one at least. */
export function roomFor(threads: number, cores = availableParallelism(), memory = freeMemory()): number {
  return Math.max(1, Math.min(Math.floor(cores / threads), Math.floor(memory / MEMORY)));
}

/** What is free, within what this process may take. */
function freeMemory(): number {
  // 0 where nothing limits it, or a number beyond all memory.
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(freemem(), limit) : freemem();
}
