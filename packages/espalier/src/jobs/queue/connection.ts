import type * as bullmq from "bullmq";
import type * as ioredis from "ioredis";
import { errorCode, UserError } from "../../errors.ts";
import type { QueueAddress } from "./address.ts";

type QueuePackages = Pick<typeof bullmq, "Job" | "Queue" | "QueueEvents" | "WaitingError" | "Worker"> &
  Pick<typeof ioredis, "Redis">;

/** What of a queue's programs this needs: they are installed beside Espalier by those who use one. */
export async function queuePackages(): Promise<QueuePackages> {
  try {
    const [queues, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { ...queues, Redis };
  } catch (error) {
    if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError("A queue needs two packages that are not installed: npm install bullmq ioredis.");
  }
}

export interface ConnectOptions {
  readonly address: QueueAddress;
  /** Milliseconds for which a connection that was lost is tried again. */
  readonly patience: number;
  /** Is told when a connection is lost, and when it is there again. */
  readonly warn: (sentence: string) => void;
}

/** A connection to a queue that is made again when it is lost. */
export interface Connection {
  readonly redis: ioredis.Redis;
  /** Ends when the connection was lost and did not come back in time: its reason says so. */
  readonly lost: AbortSignal;
  close(): void;
}

/** Milliseconds for which the first connection is tried. */
const FIRST = 10_000;
/** Milliseconds for which a queue is waited for when there is nothing more to ask of it. */
const FAREWELL = 5_000;
/** Milliseconds between two tries. */
const AGAIN = 500;
/** Milliseconds without an answer after which a connection is dead: no command waits half as long for its own. */
const SILENCE = 20_000;

/** What Redis says to a name or password that is wrong or missing: to try again would not help. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/;

/**
 * Connects to a queue.
 * @throws UserError where there is none, or it refuses
 */
export async function connect({ address, patience, warn }: ConnectOptions): Promise<Connection> {
  const { Redis } = await queuePackages();
  const end = new AbortController();
  const lost = end.signal;
  let isClosed = false;
  const { host, port, username, password, db, tls, shown } = address;
  const redis = new Redis({
    host,
    port,
    username,
    password,
    db,
    ...(tls && { tls: { servername: host } }),
    // What was asked is asked again once the connection is there.
    maxRetriesPerRequest: null,
    // Those made after it, by its options, end as it does.
    retryStrategy: () => (isClosed || lost.aborted ? null : AGAIN),
    connectTimeout: FIRST / 2,
    socketTimeout: SILENCE,
    keepAlive: SILENCE,
  });
  const giveUp = (sentence: string) => {
    redis.disconnect();
    end.abort(new UserError(sentence));
  };
  let reason = "nothing answers";
  let isThere = false;
  let tries: NodeJS.Timeout | undefined;
  redis.on("error", (error: Error) => {
    reason = error.message || String(errorCode(error) ?? reason);
    const [refused] = REFUSED.exec(reason) ?? [];
    if (refused) giveUp(`The queue at ${shown} refuses (${refused}): check the name and password in its address.`);
  });
  redis.on("close", () => {
    if (tries || lost.aborted) return;
    if (isThere) warn(`The queue at ${shown} is lost: it is tried again for ${Math.round(patience / 1000)} s.`);
    tries = setTimeout(
      () => giveUp(`The queue at ${shown} cannot be reached (${reason}): check that Redis runs there.`),
      isThere ? patience : Math.min(FIRST, patience),
    );
  });
  redis.on("ready", () => {
    if (tries && isThere) warn(`The queue at ${shown} is there again.`);
    clearTimeout(tries);
    tries = undefined;
    isThere = true;
  });
  const close = () => {
    isClosed = true;
    redis.removeAllListeners("close");
    clearTimeout(tries);
    redis.disconnect();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      redis.once("ready", () => resolve());
      lost.addEventListener("abort", () => reject(lost.reason));
    });
  } catch (error) {
    close();
    throw error;
  }
  return { redis, lost, close };
}

/** Waits for what a queue is asked for last, and not long where it is not there. */
export async function farewell(connection: Connection, asked: Promise<unknown>): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    late = setTimeout(resolve, connection.lost.aborted ? 0 : FAREWELL);
  });
  await Promise.race([asked.catch(() => {}), tooLate]);
  clearTimeout(late);
}
