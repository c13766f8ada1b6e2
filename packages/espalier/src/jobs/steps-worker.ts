import { nodeEngine } from "../engine/node.ts";
import { LocalStepsJob } from "../training/local-sgd/job.ts";
import { folderExchange } from "./folder-exchange.ts";

// What workers load that take steps on shards. The address by which they load it says where: see `stepsExecutor`.

const { searchParams } = new URL(import.meta.url);

export const jobs = [
  new LocalStepsJob({ engine: nodeEngine, exchange: folderExchange(searchParams.get("exchange") ?? "") }),
];
