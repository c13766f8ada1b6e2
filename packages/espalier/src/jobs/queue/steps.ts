import type { Executor } from "../../engine/executor.ts";
import { openStore } from "../open-store.ts";
import { storeExchange } from "../store-exchange.ts";
import { type QueueExecutorOptions, queueExecutor } from "./executor.ts";

/** Which queue, and what its workers have as `--store`. */
export interface QueueStepsOptions extends QueueExecutorOptions {
  /** A folder, or `s3://BUCKET/PREFIX`. */
  readonly store: string;
}

/**
 * Takes steps of local SGD in workers of other machines: what they share with this one lies in their store, from which it
 * goes when it is released.
 * @throws UserError for an address that is none, and a store that cannot be written
 */
export async function queueStepsExecutor({ store: address, ...options }: QueueStepsOptions): Promise<Executor> {
  const executor = queueExecutor(options);
  const exchange = storeExchange(await openStore(address));
  return {
    ...executor,
    exchange,
    async release() {
      await executor.release();
      await exchange.clear();
    },
  };
}
