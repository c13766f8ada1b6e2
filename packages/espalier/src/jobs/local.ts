import { availableParallelism } from "node:os";
import type { Exchange } from "../engine/exchange.ts";
import type { Executor, Job, JobOptions } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import { inOrder } from "./in-order.ts";
import { Slot } from "./slot.ts";
import { ownEntry, type WorkerKind, type WorkerProgram } from "./start.ts";

/** How many workers of which kind there are, and what they know. */
export interface LocalExecutorOptions {
  /** Jobs that are done at once; default: one for each core. */
  readonly workers?: number;
  /** Default "process"; "thread" for jobs without native code: threads share memory, and start sooner. */
  readonly kind?: WorkerKind;
  /** Modules with jobs beside those of the library, as addresses of files: each exports a list of them, `jobs`. */
  readonly modules?: readonly string[];
  /** Where its workers look for what is large; default: nowhere. */
  readonly exchange?: Exchange;
  /** What workers run; default: the library's own, as it is when it is built. */
  readonly entry?: URL;
}

/**
 * Does jobs in workers on this machine, which are started when they are needed and wait for more until they are
 * released. A job whose worker dies is given to another, once.
 * @throws UserError when there cannot be so many workers
 */
export function localExecutor({
  workers = availableParallelism(),
  kind = "process",
  modules = [],
  exchange,
  entry = ownEntry,
}: LocalExecutorOptions = {}): Executor {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new UserError(`${workers} workers are not possible: ask for a whole number from 1 on.`);
  }
  return new LocalExecutor(workers, { kind, modules, entry }, exchange);
}

class LocalExecutor implements Executor {
  readonly concurrency: number;
  readonly sharesMemory: boolean;
  readonly exchange: Exchange | undefined;
  readonly #all: readonly Slot[];
  readonly #free: Slot[];
  readonly #waiting: (() => void)[] = [];

  constructor(workers: number, program: WorkerProgram, exchange: Exchange | undefined) {
    this.concurrency = workers;
    this.sharesMemory = program.kind === "thread";
    this.exchange = exchange;
    this.#all = Array.from({ length: workers }, () => new Slot(program));
    this.#free = [...this.#all];
  }

  run<Input, Output>(
    { name }: Job<Input, Output>,
    inputs: Iterable<Input>,
    { signal, onProgress }: JobOptions = {},
  ): AsyncGenerator<Output, void, void> {
    return inOrder(inputs, { ahead: 2 * this.concurrency, signal }, async (input, index, either) => {
      const slot = await this.#take();
      try {
        const told = (text: unknown) => onProgress?.(index, text);
        // The job of this name has given it.
        return (await slot.insist({ job: name, input }, { signal: either, onProgress: told })) as Output;
      } finally {
        this.#free.push(slot);
        this.#waiting.shift()?.();
      }
    });
  }

  async release(): Promise<void> {
    await Promise.all(this.#all.map((slot) => slot.stop()));
  }

  async #take(): Promise<Slot> {
    for (;;) {
      const slot = this.#free.pop();
      if (slot) return slot;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
