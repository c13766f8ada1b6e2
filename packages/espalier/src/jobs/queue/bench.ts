import type { Job as Entry } from "bullmq";
import { Slot } from "../slot.ts";
import type { WorkerProgram } from "../start.ts";
import { checkPlain, inputOf, reasonOf, STOPPED } from "./message.ts";

/** What becomes of a job. */
export type Told = "taken" | "done" | "failed" | "stopped" | "handed back";

/** Whose jobs a bench does, and with what. */
export interface BenchOptions {
  /** What results depend on beside the jobs: those of the same kind are done. */
  readonly kind: string;
  /** Jobs that are done at once. */
  readonly jobs: number;
  readonly program: WorkerProgram;
  /** Ends the work: jobs that are not done are handed back. */
  readonly signal: AbortSignal;
  readonly onJob?: (id: string, what: Told) => void;
}

/** Milliseconds between two messages that tell how far a job is. */
const BETWEEN = 1000;

interface Running {
  readonly work: Promise<unknown>;
  readonly stop: AbortController;
}

/** Where a worker does the jobs that it takes from a queue: each in a process of its own. */
export class Bench {
  readonly #options: BenchOptions;
  readonly #all: readonly Slot[];
  readonly #free: Slot[];
  /** By their ids: a job whose lock was lost may come a second time while it is done. */
  readonly #running = new Map<string, Running>();

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.jobs }, () => new Slot(options.program));
    this.#free = [...this.#all];
  }

  /**
   * Does a job.
   * @returns what comes out; undefined for one that is to be handed back
   * @throws an Error whose message is what the queue is to keep
   */
  async do(entry: Entry): Promise<{ readonly output: unknown } | undefined> {
    const { onJob = () => {}, signal } = this.#options;
    const id = String(entry.id);
    onJob(id, "taken");
    const running = this.#running.get(id) ?? this.#start(id, entry);
    try {
      const output = await running.work;
      onJob(id, "done");
      return { output };
    } catch (error) {
      const isStopped = running.stop.signal.aborted;
      onJob(id, signal.aborted ? "handed back" : isStopped ? "stopped" : "failed");
      if (signal.aborted) return undefined;
      throw new Error(isStopped ? STOPPED : reasonOf(error));
    }
  }

  /** Ends a job that nobody wants any more. */
  stop(id: string): void {
    this.#running.get(id)?.stop.abort();
  }

  release(): Promise<unknown> {
    return Promise.all(this.#all.map((slot) => slot.stop()));
  }

  #start(id: string, entry: Entry): Running {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stop.signal]);
    const running = { work: this.#work(entry, signal).finally(() => this.#running.delete(id)), stop };
    this.#running.set(id, running);
    return running;
  }

  async #work(entry: Entry, signal: AbortSignal): Promise<unknown> {
    const { name } = entry;
    const input = inputOf(entry, this.#options.kind);
    const slot = this.#free.pop();
    if (!slot) throw new Error("More jobs are given to a worker than it has asked for.");
    let toldAt = Number.NEGATIVE_INFINITY;
    const onProgress = (told: unknown) => {
      if (performance.now() - toldAt < BETWEEN) return;
      toldAt = performance.now();
      // That it is not heard does not matter to the job.
      tell(entry, told).catch(() => {});
    };
    try {
      const output = await slot.insist({ job: name, input, isForeign: true }, { signal, onProgress });
      return checkPlain(output, `What the job "${name}" gave`);
    } finally {
      this.#free.push(slot);
    }
  }
}

async function tell(entry: Entry, told: unknown): Promise<void> {
  const plain = checkPlain(told, "How far a job is");
  if (plain !== null && plain !== undefined) await entry.updateProgress(plain);
}
