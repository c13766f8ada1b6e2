import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { random } from "../../../src/random.ts";
import { type Kit, kitIn, training } from "./kit.ts";

// What goes wrong on a machine changes nothing of the table: no job is lost, and none is counted twice.

const folder = mkdtempSync(join(tmpdir(), "espalier-faults-"));
const full = join(folder, "full");
let kit: Kit;
let table: string;

/** Mounts a disk of so many kB, or makes it as large; false where the system lets nobody. */
const disk = (size: number, how = "") =>
  spawnSync("mount", ["-t", "tmpfs", "-o", `${how}size=${size}k`, "tmpfs", full]).status === 0;
mkdirSync(full);
const canMount = disk(48);

beforeAll(async () => {
  kit = await kitIn(folder, "faults");
  const stages = [
    { command: "train", options: { network: "net.onnx", ...training, epochs: 10 } },
    { command: "prune", options: { ...training, epochs: 10, rounds: 2 }, grid: { rate: [2, 3, 4, 8] } },
  ];
  kit.plan("plan.json", { seeds: [1, 2, 3], stages });
  expect(await kit.sweep(["plan.json", "--out", "whole", "--jobs", "1"])).toMatchObject({ status: 0 });
  table = kit.read("whole", "sweep.json");
}, 600_000);
afterAll(() => {
  if (canMount) spawnSync("umount", [full]);
  rmSync(folder, { recursive: true });
});

/** The processes that a process has started. */
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

it.skipIf(process.platform !== "linux")("ends the same when workers are killed ten times", async () => {
  const { uniform } = random(7, "kills of workers");
  let killed = 0;
  for (let run = 1; killed < 10; run++) {
    const out = `killed-${run}`;
    const { status, stderr } = await kit.sweep(["plan.json", "--out", out, "--jobs", "2"], {
      async onStart(child) {
        while (killed < 10 && child.exitCode === null) {
          await after(200 + 1500 * uniform());
          const workers = child.exitCode === null ? childrenOf(Number(child.pid)) : [];
          const victim = workers[Math.floor(uniform() * workers.length)];
          if (victim !== undefined && spawnSync("kill", ["-9", String(victim)]).status === 0) killed++;
        }
      },
    });
    expect(stderr).not.toContain("failed");
    expect(status).toBe(0);
    expect(kit.read(out, "sweep.json")).toBe(table);
    expect(kit.storeOf(`${out}/store`)).toEqual(kit.storeOf("whole/store"));
  }
});

it("ends the same when the sweep is killed, and begun again", async () => {
  const { uniform } = random(8, "kills of the sweep");
  let ended = false;
  for (let kills = 0; !ended; kills++) {
    const { status } = await kit.sweep(["plan.json", "--out", "again", "--jobs", "2", "--resume"], {
      async onStart(child) {
        await after(3000 + 5000 * uniform());
        if (kills < 3) child.kill("SIGKILL");
      },
    });
    ended = status === 0;
  }
  expect(kit.read("again", "sweep.json")).toBe(table);
  expect(kit.storeOf("again/store")).toEqual(kit.storeOf("whole/store"));
});

it.skipIf(!canMount)(
  "ends the same after the folder of its files was full (needs the right to mount one)",
  async () => {
    const words = ["plan.json", "--out", "short", "--store", full, "--jobs", "2"];
    const { status, stderr } = await kit.sweep(words);
    expect(status).toBe(2);
    expect(stderr).toContain("the disk is full; free some space or choose another place");
    expect(disk(10_000, "remount,")).toBe(true);
    expect(await kit.sweep([...words, "--resume"])).toMatchObject({ status: 0 });
    expect(kit.read("short", "sweep.json")).toBe(table);
    expect(kit.storeOf("full")).toEqual(kit.storeOf("whole/store"));
  },
);
