import type { Hooks } from "../library/hooks.ts";
import { reporter } from "./progress.ts";

/** Ends the command with exit status 130 after its state was saved, as a shell expects of Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
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
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const onSignal = () => interrupt.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const { report, stop } = reporter();
  try {
    return await work({ signal, onProgress: report });
  } catch (error) {
    if (signal.aborted && error instanceof Error && error.name === "AbortError") throw new Interrupted(stopped());
    throw error;
  } finally {
    stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
