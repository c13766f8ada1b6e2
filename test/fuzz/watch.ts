import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Order } from "./child.ts";
import type { Rounds, Summary } from "./rounds.ts";

/** A round that has not ended after so long never does. */
const HUNG = 120_000;
const LOOK = 2_000;

const answer = z.object({
  summary: z
    .object({
      rounds: z.number(),
      kinds: z.record(z.string(), z.object({ inputs: z.number(), read: z.number() })),
      slowest: z.object({ round: z.number(), seconds: z.number() }),
      memory: z.number(),
    })
    .optional(),
  fault: z.string().optional(),
  stack: z.string().optional(),
});

/**
 * Runs rounds in a process of their own, so that one that never ends or kills it is told too.
 * @param faults the folder for inputs that do what none may
 * @throws Error with the seed, the round and the path of the input that does
 */
export async function watched(target: string, rounds: Rounds, faults: string): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-fuzz-"));
  const progress = join(folder, "round");
  try {
    const told = await answerOf({ ...rounds, target, faults, progress });
    if (typeof told === "object") return told;
    const [last = rounds.from] = new Float64Array(new Uint8Array(readFileSync(progress)).buffer);
    await answerOf({ ...rounds, target, faults, progress, from: last, ended: told });
    throw new Error(`${target}: ${told}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a process comes to: its summary, or how it ended without one. @throws Error for a fault that it tells of */
function answerOf(order: Order): Promise<Summary | string> {
  const child = fork(new URL("./child.ts", import.meta.url), { serialization: "advanced" });
  return new Promise((resolve, reject) => {
    const hung = watchdog(child, order.progress, () => resolve("it never ends"));
    child.once("message", (message) => {
      const { summary, fault, stack } = answer.parse(message);
      if (summary) resolve(summary);
      else reject(new Error(`${fault}${stack ? `\n${stack}` : ""}`));
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearInterval(hung);
      resolve(`the process ends with ${signal ?? code}`);
    });
    child.send(order);
  });
}

function watchdog(child: ChildProcess, progress: string, onHung: () => void): NodeJS.Timeout {
  let [seen, since] = ["", performance.now()];
  return setInterval(() => {
    const now = contents(progress);
    if (now !== seen) [seen, since] = [now, performance.now()];
    if (performance.now() - since < HUNG) return;
    onHung();
    child.kill("SIGKILL");
  }, LOOK);
}

function contents(path: string): string {
  try {
    return readFileSync(path, "hex");
  } catch {
    return "";
  }
}
