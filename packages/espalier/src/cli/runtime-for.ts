import { existsSync } from "node:fs";
import { join } from "node:path";
import { Network } from "espalier-runtime";
import { nodeEngine } from "../engine/node.ts";
import { type Runtime, runtimeOf } from "../engine/stopwatch.ts";
import { webEngine } from "../engine/web.ts";
import type { TimesStore } from "../library/index.ts";
import { oneOf, option } from "../library/options/option.ts";
import { writeModel } from "../onnx/write.ts";
import { readFile, writeFile } from "./files.ts";
import { note } from "./print.ts";
import { TIMES } from "./results.ts";

/** The runtimes whose speed can count: onnxruntime-node, onnxruntime-web, espalier-runtime. */
export const RUNTIMES = ["node", "web", "espalier"] as const;

export const onOption = option(oneOf(RUNTIMES).optional(), {
  group: "How to prune:",
  help: "with --units --speed: the runtime that is to be faster, on one thread (default: node)",
});

/** The runtime of a name, on one thread. */
export async function runtimeFor(name: (typeof RUNTIMES)[number]): Promise<Runtime> {
  switch (name) {
    case "node":
      return runtimeOf(nodeEngine({ threads: 1, warn: (sentence) => note(`espalier: ${sentence}`) }));
    case "web":
      return runtimeOf(await webEngine({ threads: 1 }));
    case "espalier":
      return { name: "espalier-runtime", open: (model) => Network.load(writeModel(model)) };
  }
}

/** What a run measured, in its folder. */
export function timesIn(folder: string): TimesStore {
  const path = join(folder, TIMES);
  return {
    name: path,
    load: () => (existsSync(path) ? new TextDecoder().decode(readFile(path)) : undefined),
    save: (text) => writeFile(path, text),
  };
}
