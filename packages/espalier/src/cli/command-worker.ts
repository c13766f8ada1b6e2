import { readFileSync } from "node:fs";
import { digestOf } from "../jobs/digest.ts";
import { openStore } from "../jobs/open-store.ts";
import { commandRunner } from "./command-runner.ts";

// What workers load that do calls of commands. The address by which they load it says where: see `commandModule`.

const { searchParams } = new URL(import.meta.url);
const modules = searchParams.getAll("module").map((path) => [digestOf(readFileSync(path)), path] as const);

export const jobs = [
  commandRunner({
    store: await openStore(searchParams.get("store") ?? ""),
    folder: searchParams.get("folder") ?? "",
    modules: new Map(modules),
  }),
];
