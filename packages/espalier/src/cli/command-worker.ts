import { readFileSync } from "node:fs";
import { nodeEngine } from "../engine/node.ts";
import { digestOf } from "../jobs/digest.ts";
import { openStore } from "../jobs/open-store.ts";
import { storeExchange } from "../jobs/store-exchange.ts";
import { LocalStepsJob } from "../training/local-sgd/job.ts";
import { commandRunner } from "./command-runner.ts";

// What workers load that do calls of commands, and steps on shards. The address by which they load it says where: see `commandModule`.

const { searchParams } = new URL(import.meta.url);
const modules = searchParams.getAll("module").map((path) => [digestOf(readFileSync(path)), path] as const);
const store = await openStore(searchParams.get("store") ?? "");

export const jobs = [
  commandRunner({ store, folder: searchParams.get("folder") ?? "", modules: new Map(modules) }),
  new LocalStepsJob({ engine: nodeEngine, exchange: storeExchange(store) }),
];
