import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { bundled } from "../bundle.ts";
import { waves } from "../jobs/waves.ts";

/** How a small network is trained on data beside it. */
export const training = { data: "waves.mjs", batch: 20, epochs: 1 };

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Sees each line that is told. */
  readonly onLine?: (line: string, child: ChildProcess) => void;
  readonly onStart?: (child: ChildProcess) => void;
}

/** A folder with a network and data, in which sweeps are run. */
export interface Kit {
  readonly folder: string;
  run(words: readonly string[], options?: RunOptions): Promise<Ended>;
  sweep(words: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Writes a plan. */
  plan(name: string, plan: object): void;
  /** All that a store has, by names that are hashes of contents or of jobs. */
  storeOf(store: string): Record<string, string>;
  read(...names: string[]): string;
}

/** @param name of the folder that the command line is built in, as tests run side by side */
export async function kitIn(folder: string, name: string): Promise<Kit> {
  const main = await bundled(name);
  writeFileSync(join(folder, "net.onnx"), writeModel(blobNet()));
  writeFileSync(join(folder, "waves.mjs"), waves);
  const run: Kit["run"] = (words, { onLine, onStart } = {}) => {
    const child = spawn(process.execPath, [main, ...words], { cwd: folder });
    onStart?.(child);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += String(text);
    });
    child.stderr.on("data", (text) => {
      stderr += String(text);
      for (const line of String(text).split("\n")) onLine?.(line, child);
    });
    return new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout, stderr })));
  };
  return {
    folder,
    run,
    sweep: (words, options) => run(["sweep", ...words], options),
    plan: (name, plan) => writeFileSync(join(folder, name), JSON.stringify(plan)),
    read: (...names) => readFileSync(join(folder, ...names), "utf8"),
    storeOf(store) {
      const files = readdirSync(join(folder, store), { recursive: true, encoding: "utf8" });
      const named = files.filter((file) => /\w{64}/.test(file)).sort();
      return Object.fromEntries(named.map((file) => [file, readFileSync(join(folder, store, file), "base64")]));
    },
  };
}
