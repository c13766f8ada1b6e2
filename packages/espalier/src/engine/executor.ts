import type { Exchange } from "./exchange.ts";

/** Work that another thread, process or machine can do: it is found there by its name. */
export interface Job<Input, Output> {
  readonly name: string;
  /**
   * Does the work for one input.
   * @param input as a structured clone carries it, as it does what comes back
   */
  run(input: Input, context: JobContext): Output | Promise<Output>;
  /**
   * Checks an input that has come from another machine, and may be anything. Jobs without it are done on the machine that
   * asks for them alone.
   * @throws UserError for one that the job does not take
   */
  check?(input: unknown): void;
}

/** What a job has of the one that asked for it. */
export interface JobContext {
  /** Ends the job. */
  readonly signal: AbortSignal;
  /** Tells how far the job is. */
  progress(told: unknown): void;
}

/** How jobs are asked for. */
export interface JobOptions {
  /** Ends the work: jobs that run are stopped, and the next result is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is told how far each job is, counted as the inputs are. */
  readonly onProgress?: (index: number, told: unknown) => void;
}

/** Does jobs side by side: here, in workers of this machine, or elsewhere. */
export interface Executor {
  /** Jobs that are done at once. */
  readonly concurrency: number;
  /** Whether an input may lie in a `SharedArrayBuffer`, so that it is not copied for each job. */
  readonly sharesMemory: boolean;
  /** Where jobs can be asked to look for what is large: so that it is not a part of their input. Default: nowhere. */
  readonly exchange?: Exchange;
  /**
   * Does a job for each input. Results come in the order of the inputs, which are read no further ahead than keeps all
   * workers at work; they are the same for any number of workers.
   * @throws what a job throws; an Error when a worker dies again over an input that was given to a second one
   */
  run<Input, Output>(
    job: Job<Input, Output>,
    inputs: Iterable<Input>,
    options?: JobOptions,
  ): AsyncGenerator<Output, void, void>;
  /** Ends the workers. */
  release(): Promise<void>;
}

/** Milliseconds after which other events have their turn between jobs. */
const TURN = 50;

/** Does jobs one after the other, in this thread: where there are no workers, and for work that is small. */
export const inlineExecutor: Executor = {
  concurrency: 1,
  sharesMemory: true,
  async *run(job, inputs, { signal = new AbortController().signal, onProgress } = {}) {
    let index = 0;
    let turnAt = performance.now();
    for (const input of inputs) {
      if (performance.now() - turnAt > TURN) {
        await new Promise((resolve) => setTimeout(resolve));
        turnAt = performance.now();
      }
      signal.throwIfAborted();
      const own = index++;
      yield await job.run(input, { signal, progress: (told) => onProgress?.(own, told) });
    }
  },
  async release() {},
};
