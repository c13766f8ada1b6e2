/** Ends the command with exit status 130 after its state was saved, as a shell expects of Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Runs work that Ctrl-C (or SIGTERM) asks to end by a signal, instead of ending the process. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await work(interrupt.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
