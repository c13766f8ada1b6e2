import type { Job as Entry, Queue, QueueEvents } from "bullmq";
import { errorOf } from "../messages.ts";
import { type Connection, type ConnectOptions, connect, farewell, queuePackages } from "./connection.ts";
import { queueName, stopChannel } from "./kind.ts";
import { checkPlain, messageOf, readReason } from "./message.ts";
import { type Waiting, WantedJobs } from "./wanted.ts";

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

/**
 * Asks for work through a queue. What is wanted is known here, not there: whatever a queue that is stopped, emptied or cut
 * off has lost is asked for again.
 */
export class QueueClient {
  readonly #wanted: WantedJobs;
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
    this.#wanted = new WantedJobs(options.ahead, (id) => {
      this.#ask(id).catch((error: unknown) => this.#wanted.end(id, ({ failed }) => failed(error)));
    });
    // What goes wrong with connections is told by theirs.
    queue.on("error", () => {});
    events.on("error", () => {});
    events.on("completed", ({ jobId, returnvalue }) => this.#settle(jobId, returnvalue));
    events.on("failed", ({ jobId, failedReason }) => this.#fail(jobId, failedReason));
    events.on("progress", ({ jobId, data }) =>
      this.#wanted.find(jobId)?.waiting.forEach(({ told }) => void told(data)),
    );
    events.on("removed", ({ jobId }) => this.#again(jobId));
    connection.redis.on("ready", () => this.#recheck());
    connection.lost.addEventListener("abort", () => this.#wanted.endAll(connection.lost.reason));
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
        if (this.#wanted.leave(message.id, waiting)) this.#takeBack(message.id);
      };
      signal.addEventListener("abort", onAbort);
      this.#wanted.add(message.id, { name, input: message.input }, waiting);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#wanted.endAll(new Error("The queue is closed."));
    await farewell(this.connection, Promise.allSettled(this.#farewells));
    await farewell(this.connection, Promise.allSettled([this.events.close(), this.queue.close()]));
    this.connection.close();
  }

  /** Puts a job into the queue, where it is not there already. What is left of one that has ended is out of date. */
  async #ask(id: string): Promise<void> {
    const left = await this.find(id);
    if (left?.finishedOn) await left.remove().catch(() => {});
    const wanted = this.#wanted.find(id);
    if (!wanted) return;
    const kept = { removeOnComplete: KEPT, removeOnFail: KEPT, stackTraceLimit: 0 };
    await this.queue.add(wanted.name, { input: wanted.input }, { jobId: id, attempts: 1, ...kept });
  }

  /** Takes back a job that nobody wants any more: one that waits is removed, those who work on one are told. */
  #takeBack(id: string): void {
    const told = this.queue
      .remove(id)
      .then((removed) => removed || this.connection.redis.publish(stopChannel(this.options.kind), id))
      .catch(() => {})
      .finally(() => this.#farewells.delete(told));
    this.#farewells.add(told);
  }

  #recheck(): void {
    if (this.#wanted.asked.size === 0 || this.connection.redis.status !== "ready") return;
    for (const id of this.#wanted.asked) this.#again(id);
    this.#lonely().catch(() => {});
  }

  /** Looks up a job, and asks again for one that has gone from the queue. */
  #again(id: string): void {
    if (!this.#wanted.asked.has(id)) return;
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

  #settle(id: string, output: unknown): void {
    const wanted = this.#wanted.find(id);
    if (!wanted) return;
    try {
      const plain = checkPlain(output, `What the job "${wanted.name}" gave`);
      this.#wanted.end(id, ({ done }) => done(plain));
    } catch (error) {
      this.#wanted.end(id, ({ failed }) => failed(error));
    }
  }

  #fail(id: string, text: string): void {
    const wanted = this.#wanted.find(id);
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
    this.#wanted.end(id, ({ failed }) => failed(error));
  }
}
