import type { Executor, Job, JobOptions } from "../../engine/executor.ts";
import { inOrder } from "../in-order.ts";
import { readAddress } from "./address.ts";
import { QueueClient } from "./client.ts";
import { machineKind } from "./kind.ts";

/** Which queue, and how it is used. */
export interface QueueExecutorOptions {
  /** `redis://HOST:PORT`, or `rediss://USER:PASSWORD@HOST:PORT/NUMBER` with TLS. */
  readonly address: string;
  /** What results depend on beside the jobs: machines of this kind alone do them; default: that of this machine. */
  readonly kind?: string;
  /** Jobs that lie in the queue at once, waiting or at work; default 1,024. */
  readonly ahead?: number;
  /** Seconds for which a queue that was lost is tried again; default 600. */
  readonly patience?: number;
  /** Seconds after which it is looked up what became of jobs of which nothing was heard; default 10. */
  readonly recheck?: number;
  /** Is told in a sentence when the queue is lost, when it is there again, and when nobody works. */
  readonly warn?: (sentence: string) => void;
}

/**
 * Has jobs done by workers of other machines, through BullMQ on Redis. Their inputs and what comes out are plain JSON of
 * 64 KiB at most; only jobs that check their input go there. The queue is connected to when there is
 * the first job.
 * @throws UserError for an address that is none
 */
export function queueExecutor({
  address,
  kind = machineKind(),
  ahead = 1024,
  patience = 600,
  recheck = 10,
  warn = () => {},
}: QueueExecutorOptions): Executor {
  const read = readAddress(address);
  let client: Promise<QueueClient> | undefined;
  const open = () => {
    client ??= QueueClient.open({
      address: read,
      kind,
      ahead,
      patience: 1000 * patience,
      recheck: 1000 * recheck,
      warn,
    });
    return client;
  };
  return {
    concurrency: ahead,
    sharesMemory: false,
    async *run<Input, Output>(
      job: Job<Input, Output>,
      inputs: Iterable<Input>,
      { signal, onProgress }: JobOptions = {},
    ): AsyncGenerator<Output, void, void> {
      if (!job.check) throw new Error(`The job "${job.name}" does not check its input: no queue takes it.`);
      const queue = await open();
      yield* inOrder(inputs, { ahead, signal }, async (input, index, either) => {
        const output = await queue.do(job.name, input, either, (told) => onProgress?.(index, told));
        // The job of this name has given it.
        return output as Output;
      });
    },
    async release() {
      const opened = client;
      client = undefined;
      // Where it was never there, there is nothing to end.
      await (await opened?.catch(() => undefined))?.close();
    },
  };
}
