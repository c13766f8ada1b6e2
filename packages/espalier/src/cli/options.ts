import type { Executor } from "../engine/executor.ts";
import { nodeEngine } from "../engine/node.ts";
import { localExecutor } from "../jobs/local.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { Values } from "../library/options/option.ts";
import { note } from "./print.ts";

/** The engine that the options ask for. */
export function engineOf({ device, threads }: Values<typeof engineOptions>) {
  return nodeEngine({ device, threads, warn: (sentence) => note(`espalier: ${sentence}`) });
}

/** Does work with workers beside it, as many as an engine has threads; none is started before there is work for it. */
export async function withWorkers<Result>(
  { threads }: Values<typeof engineOptions>,
  work: (executor: Executor) => Promise<Result>,
): Promise<Result> {
  const executor = localExecutor({ workers: threads, kind: "thread" });
  try {
    return await work(executor);
  } finally {
    await executor.release();
  }
}
