import { type Call, invoke } from "./crew.ts";
import type { Machine } from "./machine.ts";

/** Calls for each thread: so many that one which is held up leaves the rest to the others. */
const CALLS = 4;

/** How many parts work may have. */
export const partsOf = ({ crew }: Machine) => (crew ? CALLS * crew.size : 1);

/**
 * Runs a kernel for lines of anything: for all at once, or where there are threads and it is worth it, in parts.
 * @param worth true if it is so much work that the others should be woken
 * @param call the kernel for so many lines from one on, and in which part that is
 * @param cut the line at which a part of the work is done; default: work is the same for all
 */
export function share(
  { crew, kernels }: Machine,
  lines: number,
  worth: boolean,
  call: (from: number, count: number, part: number) => Call,
  cut = (part: number) => Math.round(part * lines),
): void {
  if (!crew || !worth || crew.size === 1 || lines < 2) {
    invoke(kernels, call(0, lines, 0));
    return;
  }
  const parts = Math.min(CALLS * crew.size, lines);
  const calls: Call[] = [];
  for (let i = 0, from = 0; i < parts; i++) {
    const to = i + 1 < parts ? cut((i + 1) / parts) : lines;
    if (to > from) calls.push(call(from, to - from, i));
    from = Math.max(from, to);
  }
  crew.run(calls);
}
