import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { bundled } from "../bundle.ts";
import { waves } from "../jobs/waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-sweep-"));
const at = (...names: string[]) => join(folder, ...names);
let main: string;

const training = { data: "waves.mjs", batch: 20, epochs: 1 };
const stages = [
  { name: "dense", command: "train", options: { network: "net.onnx", ...training } },
  { command: "prune", options: { ...training, rounds: 1 }, grid: { rate: [2, 4] } },
  { command: "compress" },
];

beforeAll(async () => {
  main = await bundled("sweeps");
  writeFileSync(at("net.onnx"), writeModel(blobNet()));
  writeFileSync(at("waves.mjs"), waves);
  writeFileSync(at("plan.json"), JSON.stringify({ seeds: [1, 2], stages }));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a sweep; `onLine` sees what it tells, and may end it. */
function sweep(words: readonly string[], onLine?: (line: string, end: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, [main, "sweep", ...words], { cwd: folder });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += String(text);
  });
  child.stderr.on("data", (text) => {
    stderr += String(text);
    for (const line of String(text).split("\n")) onLine?.(line, () => child.kill("SIGINT"));
  });
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout, stderr })));
}

/** All that a store has, by names that are hashes of contents or of jobs. */
function storeOf(out: string): Record<string, string> {
  const files = readdirSync(at(out, "store"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\w{64}/.test(name),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(at(out, "store", name), "base64")]));
}

describe("a sweep", { timeout: 240_000 }, () => {
  it("gives one table, the same for any number of workers", async () => {
    const one = await sweep(["plan.json", "--out", "one", "--jobs", "1", "--json"]);
    expect(one).toMatchObject({ status: 0 });
    const printed = JSON.parse(one.stdout);
    expect(printed).toMatchObject({ name: "plan", jobs: 10, known: 0 });
    expect(printed.rows.map(({ stage, settings, seeds }: Record<string, unknown>) => [stage, settings, seeds])).toEqual(
      [
        ["dense", {}, [1, 2]],
        ["prune", { "prune.rate": 2 }, [1, 2]],
        ["prune", { "prune.rate": 4 }, [1, 2]],
        ["compress", { "prune.rate": 2 }, [1, 2]],
        ["compress", { "prune.rate": 4 }, [1, 2]],
      ],
    );
    // What is coded is as good as what it codes.
    expect(printed.rows[3].test).toEqual(printed.rows[1].test);
    expect(printed.rows[2].commands).toEqual([
      "espalier train net.onnx --data waves.mjs --batch 20 --epochs 1 --seed 1 --threads 1 --out dense-1-seed-1.onnx",
      "espalier prune dense-1-seed-1.onnx --data waves.mjs --batch 20 --epochs 1 --rounds 1 --rate 4 --seed 1 --threads 1 --out prune-3-seed-1",
    ]);
    expect(readFileSync(at("one", "sweep.html"), "utf8")).toContain("error against size");
    expect(readdirSync(at("one")).sort()).toEqual(["store", "sweep.csv", "sweep.html", "sweep.json"]);

    await sweep(["plan.json", "--out", "two", "--jobs", "2"]);
    for (const file of ["sweep.json", "sweep.csv"]) {
      expect(readFileSync(at("two", file), "utf8")).toBe(readFileSync(at("one", file), "utf8"));
    }
    expect(storeOf("two")).toEqual(storeOf("one"));
  });

  it("is stopped by Ctrl-C, and goes on to the same table", async () => {
    const stopped = await sweep(["plan.json", "--out", "stopped", "--jobs", "1"], (line, end) => {
      if (line.startsWith("3/10 ")) end();
    });
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped; \d of 10 jobs are done: continue with the same command and --resume\.\n$/);
    const anew = await sweep(["plan.json", "--out", "stopped", "--jobs", "1"]);
    expect(anew).toMatchObject({ status: 2, stderr: expect.stringContaining("continue it with --resume") });
    const resumed = await sweep(["plan.json", "--out", "stopped", "--jobs", "1", "--resume", "--json"]);
    expect(JSON.parse(resumed.stdout).known).toBeGreaterThanOrEqual(3);
    expect(readFileSync(at("stopped", "sweep.json"), "utf8")).toBe(readFileSync(at("one", "sweep.json"), "utf8"));
  });

  it("shares what was done with others of one store", async () => {
    const { stdout } = await sweep(["plan.json", "--out", "other", "--store", at("one", "store"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: 10, known: 10 });
    expect(existsSync(at("other", "store"))).toBe(false);
  });

  it("says why a job fails, tries it twice again, and goes on with the rest", async () => {
    const [dense, prune, compress] = stages;
    const list = [{}, { freeze: ["nothing"] }];
    const failing = { seeds: [1], stages: [dense, { ...prune, grid: { rate: [2] }, list }, compress] };
    writeFileSync(at("failing.json"), JSON.stringify(failing));
    const { status, stderr } = await sweep(["failing.json", "--out", "failing"]);
    expect(status).toBe(2);
    expect(stderr.match(/It is tried again\./g)).toHaveLength(2);
    expect(stderr).toMatch(/2 of 5 jobs failed \(.*nothing.*\); failing\/sweep\.json has the others: /);
    const { points, rows } = JSON.parse(readFileSync(at("failing", "sweep.json"), "utf8"));
    expect(points.map(({ failed }: { readonly failed?: string }) => failed)).toEqual([
      undefined,
      undefined,
      expect.stringContaining("nothing"),
      undefined,
      'its stage "prune" failed',
    ]);
    expect(rows[1].seeds).toEqual([1]);
    expect(rows[2].seeds).toEqual([]);
  });
});
