import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findCommand } from "../../../src/cli/job-commands.ts";
import { JobMaker } from "../../../src/cli/job-maker.ts";
import { csvOf } from "../../../src/cli/sweep/csv.ts";
import { defineSweep } from "../../../src/cli/sweep/define.ts";
import { commandLines } from "../../../src/cli/sweep/lines.ts";
import { readPlan } from "../../../src/cli/sweep/read-plan.ts";
import { type Outcome, putFiles } from "../../../src/cli/sweep/run-points.ts";
import { spread, tableOf } from "../../../src/cli/sweep/table.ts";
import { UserError } from "../../../src/errors.ts";
import type { CommandJob } from "../../../src/jobs/command-job.ts";
import { folderStore } from "../../../src/jobs/folder-store.ts";
import { roomFor } from "../../../src/jobs/room.ts";
import { renderSweep } from "../../../src/report/sweep.ts";
import { schemaFile, schemaText } from "./schema-file.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(plan: unknown, name = "plan.json"): string {
  const file = join(folder, name);
  writeFileSync(file, typeof plan === "string" ? plan : JSON.stringify(plan));
  return file;
}

const train = { command: "train", options: { network: "lenet-300-100", data: "mnist" } } as const;
const prune = { command: "prune", options: { data: "mnist" } } as const;

describe("a plan", () => {
  it("is each combination of the grid with each entry of the list, for each seed, with the models of the stage before", async () => {
    const grid = { rate: [4, 8], l2: [0, 0.001] };
    const list = [{ rounds: 1 }, { rounds: 2, epochs: 3 }];
    const { points } = await readPlan(
      written(defineSweep({ seeds: [1, 2], stages: [train, { ...prune, grid, list }, { command: "compress" }] })),
    );
    expect(points).toHaveLength(2 + 16 + 16);
    expect(points[2]).toMatchObject({
      stage: "prune",
      seed: 1,
      options: { model: { stage: "train" }, data: "mnist", rounds: 1, rate: 4, l2: 0 },
      settings: { "prune.rounds": 1, "prune.rate": 4, "prune.l2": 0 },
      parent: points[0],
    });
    expect(points[17].settings).toEqual({ "prune.rounds": 2, "prune.epochs": 3, "prune.rate": 8, "prune.l2": 0.001 });
    // Coding is not random, and inherits what differs.
    expect(points[33]).toMatchObject({ isRandom: false, seed: 2, settings: points[17].settings, parent: points[17] });
  });

  it("may take models of several stages, from a module too", async () => {
    const plan = defineSweep({
      stages: [
        { ...train, name: "dense" },
        { ...prune, list: [{ rate: 4 }] },
        {
          command: "train",
          name: "imitated",
          options: { network: { stage: "prune" }, against: { stage: "dense" }, task: "imitate", data: "mnist" },
        },
        { command: "scan", options: { data: "mnist", model: { stage: "dense" }, densities: [0.5] } },
      ],
    });
    const { name, points } = await readPlan(written(`export default ${JSON.stringify(plan)};`, "several.mjs"));
    expect(name).toBe("several");
    expect([...points[2].before.keys()]).toEqual(["dense", "prune"]);
    expect(points[3]).toMatchObject({ parent: points[0], isRandom: false });
  });

  it.each([
    ["{", /plan\.json is not JSON \(/],
    [{ stages: [] }, /is not the plan of a sweep \(stages: /],
    [{ stages: [train], seed: 1 }, /Unrecognized key: "seed"/],
    [{ stages: [{ command: "import" }] }, /is not the plan of a sweep \(stages\.0\.command: /],
    [
      { stages: [{ ...train, options: { ...train.options, epoch: 1 } }] },
      /stage "train": There is no option "epoch".*"epochs"/,
    ],
    [{ stages: [{ ...train, grid: { epochs: [1, -1] } }] }, /stage "train": The option "epochs" is not valid: /],
    [{ stages: [{ ...train, options: { ...train.options, out: "x" } }] }, /There is no option "out" here/],
    [{ stages: [{ ...train, options: { ...train.options, seed: 1 } }] }, /There is no option "seed" here/],
    [{ stages: [{ ...train, options: { network: "lenet-5" } }] }, /There is no "data", which the command needs/],
    [{ stages: [{ ...train, options: { data: "mnist" } }] }, /There is no "network", which the command is about/],
    [{ stages: [{ command: "reproduce", options: { experiment: "fig7" } }] }, /The option "experiment" is not valid/],
    [{ stages: [{ ...train, options: { ...train.options, optimizer: {} } }] }, /The option "optimizer" is not valid/],
    [{ stages: [train, train] }, /has two stages called "train"/],
    [{ stages: [prune] }, /There is no "model"/],
    [
      { stages: [train, { ...prune, options: { data: "mnist", model: { stage: "later" } } }] },
      /takes the model of "later"/,
    ],
    [
      { stages: [train, { command: "scan", options: { data: "mnist" } }, prune] },
      /"scan" makes no network, as scan does not/,
    ],
    [
      {
        stages: [
          train,
          { ...train, name: "b" },
          { ...prune, options: { ...prune.options, maskOf: { stage: "train" } } },
        ],
      },
      /takes the model of "train", which is not among those/,
    ],
    [
      { seeds: Array.from({ length: 9999 }, (_, i) => i), stages: [{ ...train, grid: { l2: [...Array(11).keys()] } }] },
      /over 100,000 jobs/,
    ],
  ])("is refused where it is wrong (%#)", async (plan, why) => {
    const read = readPlan(written(plan));
    await expect(read).rejects.toThrow(why);
    await expect(read).rejects.toBeInstanceOf(UserError);
  });

  it("names files that are there", async () => {
    const { points } = await readPlan(written({ stages: [train, { ...prune, options: { data: "npz:none.npz" } }] }));
    const maker = new JobMaker(await folderStore(join(folder, "store")), findCommand);
    await expect(putFiles(points, maker)).rejects.toThrow('data is "none.npz", and there is no such file or folder');
  });

  it("has the schema that the documents have (npm run schema)", async () => {
    expect(readFileSync(schemaFile, "utf8")).toBe(await schemaText());
  });
});

describe("the table", () => {
  const rows = [
    { error: 2, bytes: 1000 },
    { error: 1, bytes: 1000 },
    { error: 3, bytes: 100 },
    { error: 3, bytes: 200 },
  ];

  async function tableWith(failing?: number) {
    const plan = defineSweep({ seeds: [5, 6], stages: [{ ...train, grid: { l2: [0, 1, 2, 3] } }] });
    const { points, commands } = await readPlan(written(plan));
    const outcomes = points.map((point, i): Outcome => {
      if (i === failing) return { point, failed: "a fault" };
      const { error, bytes } = rows[Math.floor(i / 2)];
      const measure = { name: "error", unit: "%", better: "lower" };
      const result = { measure, testError: error + (i % 2) * 0.5, nonzero: 7 };
      const outputs = { "model.onnx": { sha256: "0".repeat(64), bytes } };
      return {
        point,
        isKnown: false,
        record: { id: "1".repeat(64), job: { command: "train" } as CommandJob, result, outputs },
      };
    });
    return tableOf(outcomes, (point, rowOf) => commandLines(point, rowOf, { commands, threads: 1 }));
  }

  it("has means and spreads over seeds, and those than which none is both smaller and better", async () => {
    const table = await tableWith();
    expect(table.rows.map(({ test, isFront }) => [test?.mean, isFront])).toEqual([
      [2.25, false],
      [1.25, true],
      [3.25, true],
      [3.25, false],
    ]);
    expect(table.rows[1]).toMatchObject({ bytes: { mean: 1000, deviation: 0 }, nonzero: { mean: 7 }, seeds: [5, 6] });
    expect(table.rows[1].commands).toEqual([
      "espalier train lenet-300-100 --data mnist --l2 1 --seed 5 --threads 1 --out train-2-seed-5.onnx",
    ]);
    expect(csvOf(table.rows).split("\n")[2]).toMatch(
      /^2,train,1,2,error,1\.25,0\.35\d+,,,1000,0,7,0,yes,espalier train/,
    );
  });

  it("leaves out what failed, and says why", async () => {
    const { rows, points } = await tableWith(2);
    expect(rows[1]).toMatchObject({ seeds: [6], test: { mean: 1.5 } });
    expect(points[2]).toEqual({ row: 2, seed: 5, failed: "a fault" });
    const about = { name: "plan <b>", command: "espalier sweep", threads: 1, version: "v", processor: "p" };
    const report = renderSweep({ ...about, rows, points });
    expect(report).toContain("a fault");
    expect(report).toContain("plan &lt;b&gt;");
    expect(report).toContain("error against size");
  });

  it("has a deviation of two numbers or more, and nothing where one is not there", () => {
    expect(spread([1, 3])).toEqual({ mean: 2, deviation: Math.SQRT2 });
    expect(spread([4])).toEqual({ mean: 4 });
    expect(spread([1, undefined])).toBeUndefined();
  });
});

it("has as many jobs as cores and memory hold", () => {
  expect(roomFor(1, 8, 2 ** 33)).toBe(8);
  expect(roomFor(2, 8, 2 ** 40)).toBe(4);
  expect(roomFor(1, 8, 3 * 2 ** 30)).toBe(3);
  expect(roomFor(16, 8, 2 ** 20)).toBe(1);
});
