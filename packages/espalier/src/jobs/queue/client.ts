import type { Job as Entry, Queue, QueueEvents } from "bullmq";
import { errorOf } from "../messages.ts";
import { type Connection, type ConnectOptions, connect, farewell, queuePackages } from "./connection.ts";
import { queueName, stopChannel } from "./kind.ts";
import { checkPlain, messageOf, readReason } from "./message.ts";

/** How work is asked for through a queue. */
export interface ClientOptions extends ConnectOptions {
  /** What results depend on beside the jobs: machines of this kind do them. */
  readonly kind: string;
  /** Jobs that lie in the queue at once; others wait here. */
  readonly ahead: number;
  /** Milliseconds after which it is looked up what became of jobs: what was told of them may be lost with a connection. */
  readonly recheck: number;
}

/** For how long, and how many, jobs that are done are kept for those who look at the queue. */
const KEPT = { age: 3600, count: 10_000 };

/** Work that is asked for. */
interface Wanted {
  readonly name: string;
  readonly input: unknown;
  readonly waiting: Set<Waiting>;
}

interface Waiting {
  done(output: unknown): void;
  failed(error: unknown): void;
  told(text: unknown): void;
}

/**
 * Asks for work through a queue. What is wanted is known here, not there: whatever a queue that is stopped, emptied or cut
 * off has lost is asked for again.
 */
export class QueueClient {
  readonly #wanted = new Map<string, Wanted>();
  /** Those of them that are in the queue, and those that wait for room there. */
  readonly #asked = new Set<string>();
  readonly #later = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #farewells = new Set<Promise<unknown>>();
  #isLonely = false;

  private constructor(
    readonly options: ClientOptions,
    readonly connection: Connection,
    readonly queue: Queue,
    readonly events: QueueEvents,
    readonly find: (id: string) => Promise<Entry | undefined>,
  ) {
    // What goes wrong with connections is told by theirs.
    queue.on("error", () => {});
    events.on("error", () => {});
    events.on("completed", ({ jobId, returnvalue }) => this.#settle(jobId, returnvalue));
    events.on("failed", ({ jobId, failedReason }) => this.#fail(jobId, failedReason));
    events.on("progress", ({ jobId, data }) => this.#each(jobId, ({ told }) => told(data)));
    events.on("removed", ({ jobId }) => this.#again(jobId));
    connection.redis.on("ready", () => this.#recheck());
    connection.lost.addEventListener("abort", () => {
      for (const id of [...this.#wanted.keys()]) this.#end(id, ({ failed }) => failed(connection.lost.reason));
    });
    this.#timer = setInterval(() => this.#recheck(), options.recheck);
    this.#timer.unref();
  }

  /** @throws UserError where there is no queue, or it refuses */
  static async open(options: ClientOptions): Promise<QueueClient> {
    const { Job, Queue, QueueEvents } = await queuePackages();
    const connection = await connect(options);
    const name = queueName(options.kind);
    const queue = new Queue(name, { connection: connection.redis });
    const events = new QueueEvents(name, { connection: connection.redis });
    const client = new QueueClient(options, connection, queue, events, (id) => Job.fromId(queue, id));
    try {
      await events.waitUntilReady();
      return client;
    } catch (error) {
      await client.close();
      throw connection.lost.aborted ? connection.lost.reason : error;
    }
  }

  /**
   * Has a job done somewhere.
   * @param input plain JSON
   * @throws what the job throws; the signal's reason; a UserError when the queue was lost
   */
  async do(name: string, input: unknown, signal: AbortSignal, told: (text: unknown) => void): Promise<unknown> {
    const message = messageOf(name, input, this.options.kind);
    signal.throwIfAborted();
    this.connection.lost.throwIfAborted();
    return new Promise<unknown>((resolve, reject) => {
      const settled = (how: () => void) => {
        signal.removeEventListener("abort", onAbort);
        how();
      };
      const waiting: Waiting = {
        done: (output) => settled(() => resolve(output)),
        failed: (error) => settled(() => reject(error)),
        told,
      };
      const onAbort = () => {
        waiting.failed(signal.reason);
        this.#leave(message.id, waiting);
      };
      signal.addEventListener("abort", onAbort);
      const known = this.#wanted.get(message.id);
      if (known) {
        known.waiting.add(waiting);
        return;
      }
      this.#wanted.set(message.id, { name, input: message.input, waiting: new Set([waiting]) });
      this.#later.add(message.id);
      this.#fill();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const id of [...this.#wanted.keys()]) this.#end(id, ({ failed }) => failed(new Error("The queue is closed.")));
    await farewell(this.connection, Promise.allSettled(this.#farewells));
    await farewell(this.connection, Promise.allSettled([this.events.close(), this.queue.close()]));
    this.connection.close();
  }

  /** Asks for as many jobs as there is room for. */
  #fill(): void {
    for (const id of this.#later) {
      if (this.#asked.size >= this.options.ahead) return;
      this.#later.delete(id);
      this.#asked.add(id);
      this.#ask(id).catch((error: unknown) => this.#end(id, ({ failed }) => failed(error)));
    }
  }

  #forget(id: string): void {
    this.#wanted.delete(id);
    this.#later.delete(id);
    this.#asked.delete(id);
    this.#fill();
  }

  /** Puts a job into the queue, where it is not there already. What is left of one that has ended is out of date. */
  async #ask(id: string): Promise<void> {
    const left = await this.find(id);
    if (left?.finishedOn) await left.remove().catch(() => {});
    const wanted = this.#wanted.get(id);
    if (!wanted) return;
    await this.queue.add(
      wanted.name,
      { input: wanted.input },
      { jobId: id, attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT, stackTraceLimit: 0 },
    );
  }

  /** Asks for a job again that is wanted and has gone from the queue. */
  #again(id: string): void {
    if (!this.#asked.has(id)) return;
    // The next recheck tries again.
    this.#look(id).catch(() => {});
  }

  async #look(id: string): Promise<void> {
    const entry = await this.find(id);
    if (!entry) return this.#ask(id);
    if (!entry.finishedOn) return;
    if (entry.failedReason !== undefined) this.#fail(id, entry.failedReason);
    else this.#settle(id, entry.returnvalue);
  }

  #recheck(): void {
    if (this.#asked.size === 0 || this.connection.redis.status !== "ready") return;
    for (const id of this.#asked) this.#again(id);
    this.#lonely().catch(() => {});
  }

  /** Says so, once, where nobody works. */
  async #lonely(): Promise<void> {
    const isLonely = (await this.queue.getWorkersCount()) === 0;
    const { address, warn } = this.options;
    if (isLonely && !this.#isLonely) {
      const { shown } = address;
      warn(`No worker of this version and kind of processor is at ${shown}: start one with espalier worker --queue.`);
    }
    this.#isLonely = isLonely;
  }

  /** Leaves a job to others, or to nobody: one that waits is taken away, those who work on one are told. */
  #leave(id: string, waiting: Waiting): void {
    const wanted = this.#wanted.get(id);
    if (!wanted?.waiting.delete(waiting) || wanted.waiting.size > 0) return;
    const isAsked = this.#asked.has(id);
    this.#forget(id);
    if (!isAsked) return;
    const told = this.queue
      .remove(id)
      .then((removed) => removed || this.connection.redis.publish(stopChannel(this.options.kind), id))
      .catch(() => {})
      .finally(() => this.#farewells.delete(told));
    this.#farewells.add(told);
  }

  #settle(id: string, output: unknown): void {
    const wanted = this.#wanted.get(id);
    if (!wanted) return;
    try {
      const plain = checkPlain(output, `What the job "${wanted.name}" gave`);
      this.#end(id, ({ done }) => done(plain));
    } catch (error) {
      this.#end(id, ({ failed }) => failed(error));
    }
  }

  #fail(id: string, text: string): void {
    const wanted = this.#wanted.get(id);
    if (!wanted) return;
    const reason = readReason(text);
    if (reason && "stopped" in reason) {
      // Another who wanted the same has left it. Where this fails, the next recheck tries again.
      this.#ask(id).catch(() => {});
      return;
    }
    const error = reason
      ? errorOf(reason)
      : new Error(`The job "${wanted.name}" was lost with its worker again and again (${text}): memory may be short.`);
    this.#end(id, ({ failed }) => failed(error));
  }

  #end(id: string, how: (waiting: Waiting) => void): void {
    const wanted = this.#wanted.get(id);
    this.#forget(id);
    for (const waiting of wanted?.waiting ?? []) how(waiting);
  }

  #each(id: string, how: (waiting: Waiting) => void): void {
    for (const waiting of this.#wanted.get(id)?.waiting ?? []) how(waiting);
  }
}
