import type { Hooks } from "../library/hooks.ts";
import { reporter } from "./progress.ts";

/** The exit status of what Ctrl-C stopped, as a shell expects it. */
export const INTERRUPTED = 130;

/** Ends the command with that status, after its state was saved. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Work that can be asked to end. */
const asked: AbortController[] = [];

/**
 * Runs a command so that Ctrl-C (or SIGTERM) ends it in one way, whatever it does: work that {@link running} has is asked
 * to end, and saves its state; all else, and what is asked a second time, ends at once.
 * @param tell says a sentence before the process ends at once
 */
export async function interruptible<Result>(
  command: () => Promise<Result>,
  tell: (sentence: string) => void,
): Promise<Result> {
  const onSignal = () => {
    const work = asked.at(-1);
    if (work && !work.signal.aborted) return work.abort();
    tell(`Stopped${work ? " at once" : "; nothing was written"}.`);
    process.exit(INTERRUPTED);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await command();
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/**
 * Runs work that tells on stderr how it goes on, and that Ctrl-C (or SIGTERM) asks to end by a signal, instead of ending
 * the process.
 * @param stopped what to say when it was stopped
 * @throws Interrupted when it was
 */
export async function running<Result>(
  work: (hooks: Required<Pick<Hooks, "signal" | "onProgress">>) => Promise<Result>,
  stopped: () => string,
): Promise<Result> {
  const { report, stop } = reporter();
  try {
    return await untilAsked(async (signal) => {
      try {
        const result = await work({ signal, onProgress: report });
        // What was done before it looked at the signal is done, but not asked for any more.
        signal.throwIfAborted();
        return result;
      } catch (error) {
        if (signal.aborted && error instanceof Error && error.name === "AbortError") throw new Interrupted(stopped());
        throw error;
      }
    });
  } finally {
    stop();
  }
}

/** Runs work that goes on until Ctrl-C (or SIGTERM) asks it to end by its signal, and then ends well. */
export async function untilAsked<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const interrupt = new AbortController();
  asked.push(interrupt);
  try {
    return await work(interrupt.signal);
  } finally {
    asked.splice(asked.indexOf(interrupt), 1);
  }
}
