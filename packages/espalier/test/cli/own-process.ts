import { type ChildProcess, spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

/** The command line as `bin/espalier.js` runs it, of the sources. */
const MAIN = new URL("./main.ts", import.meta.url).pathname;
const ROOT = new URL("../../../..", import.meta.url).pathname;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** How a command is run in a process of its own, which signals and pipes may reach. */
export interface ProcessOptions {
  /** What standard input gives. */
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that runs the command, such as a shell, and its arguments before it. */
  readonly by?: readonly [string, ...string[]];
  /** Whether standard input stays open. */
  readonly open?: boolean;
  /** Is given the process when it begins. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs a command in a process of its own. */
export async function inOwnProcess(
  args: readonly string[],
  { input = "", env = {}, by, open = false, onStart }: ProcessOptions = {},
): Promise<Ended> {
  const [program, ...before] = [...(by ?? []), process.execPath];
  const child = spawn(program, [...before, "--import", "tsx", MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  onStart?.(child);
  // What ends before it has read all is no mistake of the test's.
  child.stdin.on("error", () => {});
  if (!open) child.stdin.end(input);
  const ended = new Promise<Pick<Ended, "status" | "signal">>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal }));
  });
  // What was destroyed has nothing more to give.
  const said = buffer(child.stdout).catch(() => Buffer.alloc(0));
  const [stdout, stderr, how] = await Promise.all([said, text(child.stderr), ended]);
  return { ...how, stdout, stderr };
}
