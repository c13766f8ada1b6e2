import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kit, kitIn, training } from "./kit.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-sweep-"));
const at = (...names: string[]) => join(folder, ...names);
let kit: Kit;

const stages = [
  { name: "dense", command: "train", options: { network: "net.onnx", ...training } },
  { command: "prune", options: { ...training, rounds: 1 }, grid: { rate: [2, 4] } },
  { command: "compress" },
];

beforeAll(async () => {
  kit = await kitIn(folder, "sweeps");
  kit.plan("plan.json", { seeds: [1, 2], stages });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a sweep", { timeout: 240_000 }, () => {
  it("gives one table, the same for any number of workers", async () => {
    const one = await kit.sweep(["plan.json", "--out", "one", "--jobs", "1", "--json"]);
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
    expect(kit.read("one", "sweep.html")).toContain("error against size");
    expect(readdirSync(at("one")).sort()).toEqual(["store", "sweep.csv", "sweep.html", "sweep.json"]);

    await kit.sweep(["plan.json", "--out", "two", "--jobs", "2"]);
    for (const file of ["sweep.json", "sweep.csv"]) {
      expect(kit.read("two", file)).toBe(kit.read("one", file));
    }
    expect(kit.storeOf("two/store")).toEqual(kit.storeOf("one/store"));
  });

  it("is stopped by Ctrl-C, and goes on to the same table", async () => {
    const stopped = await kit.sweep(["plan.json", "--out", "stopped", "--jobs", "1"], {
      onLine: (line, child) => void (line.startsWith("3/10 ") && child.kill("SIGINT")),
    });
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped; \d of 10 jobs are done: continue with the same command and --resume\.\n$/);
    const anew = await kit.sweep(["plan.json", "--out", "stopped", "--jobs", "1"]);
    expect(anew).toMatchObject({ status: 2, stderr: expect.stringContaining("continue it with --resume") });
    const resumed = await kit.sweep(["plan.json", "--out", "stopped", "--jobs", "1", "--resume", "--json"]);
    expect(JSON.parse(resumed.stdout).known).toBeGreaterThanOrEqual(3);
    expect(kit.read("stopped", "sweep.json")).toBe(kit.read("one", "sweep.json"));
  });

  it("shares what was done with others of one store", async () => {
    const { stdout } = await kit.sweep(["plan.json", "--out", "other", "--store", at("one", "store"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: 10, known: 10 });
    expect(existsSync(at("other", "store"))).toBe(false);
  });

  it("says why a job fails, tries it twice again, and goes on with the rest", async () => {
    const [dense, prune, compress] = stages;
    const list = [{}, { freeze: ["nothing"] }];
    const failing = { seeds: [1], stages: [dense, { ...prune, grid: { rate: [2] }, list }, compress] };
    kit.plan("failing.json", failing);
    const { status, stderr } = await kit.sweep(["failing.json", "--out", "failing"]);
    expect(status).toBe(2);
    expect(stderr.match(/It is tried again\./g)).toHaveLength(2);
    expect(stderr).toMatch(/2 of 5 jobs failed \(.*nothing.*\); failing\/sweep\.json has the others: /);
    const { points, rows } = JSON.parse(kit.read("failing", "sweep.json"));
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
