import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { decode } from "espalier-runtime/codec";
import { expect } from "vitest";
import { readModel } from "../../../src/onnx/read.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { random } from "../../../src/random.ts";
import { blobNet } from "../../blobs.ts";
import { bundled } from "../bundle.ts";
import { waves } from "../jobs/waves.ts";

/** A command that is killed again and again, and begun again as its user would. */
export interface Command {
  readonly name: string;
  /** Its words, the files by their names in the folder of the test; those it writes are in `out`. */
  readonly words: readonly string[];
  /** Whether `out` is one file, of this name, or a folder. */
  readonly file?: string;
  /** The state that `--resume` goes on from, in `out`; commands without it go on by themselves. */
  readonly checkpoint?: string;
}

/** What commands read and run with, in a folder. */
export async function kitIn(folder: string): Promise<Kit> {
  writeFileSync(join(folder, "net.onnx"), writeModel(blobNet()));
  writeFileSync(join(folder, "data.mjs"), waves);
  writeFileSync(
    join(folder, "text.txt"),
    "Weights that are zero need no room, and units that are dead go.\n".repeat(44),
  );
  mkdirSync(join(folder, "tmp"));
  return { folder, main: await bundled("kills") };
}

export interface Kit {
  readonly folder: string;
  readonly main: string;
}

interface Run {
  readonly killed: boolean;
  readonly milliseconds: number;
}

/** Runs a command, and kills it after so many milliseconds if it is not done. */
function run({ folder, main }: Kit, words: readonly string[], after?: number): Promise<Run> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, ...words, "--threads", "1", "--quiet"], {
    cwd: folder,
    env: { ...process.env, TMPDIR: join(folder, "tmp") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
  return new Promise((resolve, reject) => {
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      if (status !== 0 && signal !== "SIGKILL") reject(new Error(`${words.join(" ")} ends with ${status}: ${said}`));
      else resolve({ killed: signal === "SIGKILL", milliseconds: performance.now() - startedAt });
    });
  });
}

/**
 * Kills a command at random moments, `kills` times in all, beginning it again each time, and again with others whenever it
 * ends: each time with the bytes that it has without being killed, and nothing beside them. Files of an earlier run are at
 * every moment whole.
 */
export async function survive(kit: Kit, command: Command, kills: number, seed: number): Promise<void> {
  const { name, words, checkpoint } = command;
  const { uniform } = random(seed, "kills", name);
  const own = join(kit.folder, name);
  const place = (part: string) => join(own, part);
  const outOf = (part: string) => join(name, part, command.file ?? "");
  mkdirSync(place("whole"), { recursive: true });
  let { milliseconds } = await run(kit, [...words, "--out", outOf("whole")]);
  const results = readdirSync(place("whole"), { recursive: true, encoding: "utf8" }).filter((file) => extname(file));
  for (let killed = 0, chain = 0; killed < kills; chain++) {
    const part = `killed-${chain}`;
    mkdirSync(place(part));
    const older = results.filter((file) => !file.includes("runs"));
    for (const file of older) writeFileSync(join(place(part), file), OLDER[extname(file)] ?? "");
    for (let again = true; again; ) {
      const stopped = checkpoint !== undefined && existsSync(join(place(part), checkpoint));
      const line = [...words, "--out", outOf(part), ...(stopped ? ["--resume"] : [])];
      const ended = await run(kit, line, killed < kills ? uniform() * milliseconds : undefined);
      again = ended.killed;
      if (ended.killed) killed++;
      else if (!stopped) milliseconds = ended.milliseconds;
      for (const file of older) expectWhole(join(place(part), file));
    }
    expect(readdirSync(place(part)).sort()).toEqual(readdirSync(place("whole")).sort());
    for (const file of results) {
      const [killedOne, wholeOne] = [part, "whole"].map((which) => contentOf(join(place(which), file)));
      if (killedOne !== wholeOne) throw new Error(`${file} of ${name} differs from that of a run that was not killed.`);
    }
    rmSync(place(part), { recursive: true });
  }
  expect(readdirSync(join(kit.folder, "tmp"))).toEqual([]);
}

const OLDER: Readonly<Record<string, Uint8Array | string>> = {
  ".onnx": writeModel(blobNet(7)),
  ".json": '{ "older": true }',
  ".html": "<p>An older page.</p></html>",
  ".svg": "<svg></svg>",
};

/** A file with what is not the same in two runs left out: how long they took. */
function contentOf(path: string): string {
  const bytes = readFileSync(path);
  if (extname(path) === ".html") return "";
  if (extname(path) !== ".json") return bytes.toString("base64");
  return JSON.stringify(JSON.parse(bytes.toString()), (key, value: unknown) =>
    key === "seconds" || key === "files" ? undefined : value,
  );
}

/** Fails for a file that is not there or not whole. */
function expectWhole(path: string): void {
  const bytes = readFileSync(path);
  const kind = extname(path);
  if (kind === ".onnx") readModel(bytes, path);
  else if (kind === ".esp") expect(bytes.length === 0 || decode(bytes, path).length > 0).toBe(true);
  else if (kind === ".json") JSON.parse(bytes.toString());
  else if (kind === ".html") expect(bytes.toString().trimEnd()).toMatch(/<\/html>$/);
}
