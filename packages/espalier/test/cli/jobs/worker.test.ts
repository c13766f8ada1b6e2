import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { hasRedis, type OwnRedis, ownRedis } from "../../jobs/queue/redis.ts";
import { bundled } from "../bundle.ts";
import { espalier } from "../espalier.ts";
import { waves } from "./waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-workers-"));
const at = (...names: string[]) => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasRedis)("workers", { timeout: 300_000 }, () => {
  let redis: OwnRedis;
  let main: string;
  beforeAll(async () => {
    main = await bundled("workers");
    const training = { data: "waves.mjs", batch: 20, epochs: 1 };
    const stages = [
      { command: "train", options: { network: "net.onnx", ...training } },
      { command: "prune", options: { ...training, rate: 4, rounds: 1 } },
    ];
    writeFileSync(at("waves.mjs"), waves);
    writeFileSync(at("net.onnx"), writeModel(blobNet()));
    writeFileSync(at("plan.json"), JSON.stringify({ seeds: [1, 2], stages }));
    redis = await ownRedis("--requirepass", "secret");
    writeFileSync(at("address"), `${redis.address.replace("//", "//:secret@")}\n`);
  }, 120_000);
  afterAll(() => redis.end());

  function run(...words: string[]) {
    const child = spawn(process.execPath, [main, ...words], { cwd: folder });
    const [stdout, stderr, closed] = [text(child.stdout), text(child.stderr), once(child, "close")];
    const ended = async () => {
      const [status] = await closed;
      return { status, stdout: await stdout, stderr: await stderr };
    };
    return { child, ended };
  }

  /** What is in a store, by its keys. */
  const contents = (store: string) =>
    readdirSync(at(store), { recursive: true, encoding: "utf8" })
      .filter((name) => /[0-9a-f]{64}/.test(name))
      .sort()
      .map((name) => [name, readFileSync(at(store, name), "base64")]);

  it("at a queue give the same table and the same bytes as one process, and end well", async () => {
    const own = ["--queue", "address", "--store", "shared", "--jobs", "1", "--modules", "waves.mjs"];
    const workers = [run("worker", ...own), run("worker", ...own)];
    const far = run("sweep", "plan.json", "--out", "far", "--queue", "address", "--store", "shared", "--json");
    const near = run("sweep", "plan.json", "--out", "near", "--jobs", "1", "--json");
    for (const sweep of [far, near]) expect(await sweep.ended()).toMatchObject({ status: 0 });
    for (const name of ["sweep.json", "sweep.csv"]) {
      expect(readFileSync(at("far", name), "utf8")).toBe(readFileSync(at("near", name), "utf8"));
    }
    expect(contents("shared")).toEqual(contents("near/store"));
    expect(readFileSync(at("far", "sweep.html"), "utf8")).not.toContain("secret");
    for (const { child, ended } of workers) {
      child.kill("SIGTERM");
      const { status, stdout, stderr } = await ended();
      expect(status, stderr).toBe(0);
      expect(stdout).toBe("");
      expect(stderr).toMatch(
        /^The worker is at redis:\/\/127\.0\.0\.1:\d+, queue espalier-[0-9a-f]{12}: 1 jobs at once/,
      );
      expect(stderr).toMatch(/The worker has ended\.\n$/);
      expect(stderr).not.toContain("secret");
    }
  });
});

it.each([
  [[], /A worker takes jobs from a queue: give its --queue\./],
  [["--queue", "localhost:6379"], /The address of the queue is none: write it as redis:/],
  [["--queue", "redis://:secret@127.0.0.1:1/x"], /The address of the queue is none: write it as redis:/],
  [["--queue", "redis://:secret@127.0.0.1:1", "--modules", "none.mjs"], /There is no module none\.mjs for --modules/],
  [["--queue", "redis://:secret@127.0.0.1:1", "--jobs", "0"], /number of jobs is a number from 1 to 256/],
])("a worker refuses %j", async (args, why) => {
  const { status, stderr } = await espalier("worker", "--store", at("store"), ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(why);
  expect(stderr).not.toContain("secret");
});

it("a sweep has its jobs in one place", async () => {
  const stages = [{ command: "train", options: { network: "lenet-5", data: "mnist" } }];
  writeFileSync(at("small.json"), JSON.stringify({ stages }));
  const places = ["--queue", "redis://:secret@127.0.0.1:1", "--jobs", "2"];
  const { status, stderr } = await espalier("sweep", at("small.json"), "--out", at("out"), ...places);
  expect(status).toBe(2);
  expect(stderr).toMatch(/The workers of a queue have --jobs of their own: leave out --jobs, or --queue\./);
});
