import type { Executor } from "../engine/executor.ts";
import { folderExchange, temporaryFolder } from "./folder-exchange.ts";
import { type LocalExecutorOptions, localExecutor } from "./local.ts";

/**
 * Takes steps of local SGD in processes of this machine: what they share with this one lies in a temporary folder, which
 * goes when it is released.
 * @throws UserError when there cannot be so many workers
 */
export function stepsExecutor(options: Pick<LocalExecutorOptions, "workers" | "entry"> = {}): Executor {
  const { folder, remove } = temporaryFolder();
  const module = new URL("./steps-worker.js", import.meta.url);
  module.searchParams.set("exchange", folder);
  const executor = localExecutor({ ...options, modules: [module.href], exchange: folderExchange(folder) });
  const { concurrency, sharesMemory, exchange } = executor;
  return {
    concurrency,
    sharesMemory,
    exchange,
    run: (job, inputs, options) => executor.run(job, inputs, options),
    async release() {
      await executor.release();
      remove();
    },
  };
}
