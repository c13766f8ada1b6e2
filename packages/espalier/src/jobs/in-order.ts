import { setMaxListeners } from "node:events";

/** How far work runs ahead, and what ends it. */
export interface InOrderOptions {
  /** Inputs that are worked on before the first of them is done. */
  readonly ahead: number;
  readonly signal?: AbortSignal;
}

/**
 * Does work for each input, several at once, and gives what comes out in the order of the inputs. When it ends early, by
 * the signal, an error or its reader, the work that goes on is asked to end, and waited for.
 * @param work is given the input, its index, and the signal that asks it to end
 */
export async function* inOrder<Input, Output>(
  inputs: Iterable<Input>,
  { ahead, signal }: InOrderOptions,
  work: (input: Input, index: number, signal: AbortSignal) => Promise<Output>,
): AsyncGenerator<Output, void, void> {
  const ended = new AbortController();
  const either = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  // Each piece of work listens.
  setMaxListeners(0, either);
  const iterator = inputs[Symbol.iterator]();
  const running: Promise<Output>[] = [];
  let index = 0;
  const fill = () => {
    while (running.length < ahead) {
      const next = iterator.next();
      if (next.done) return;
      const done = work(next.value, index++, either);
      // It is looked at when its turn has come.
      done.catch(() => {});
      running.push(done);
    }
  };
  try {
    fill();
    for (let first = running.shift(); first; first = running.shift()) {
      const output = await first;
      signal?.throwIfAborted();
      yield output;
      fill();
    }
  } finally {
    ended.abort();
    await Promise.allSettled(running);
    iterator.return?.();
  }
}
