import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { type Executor, inlineExecutor, type Job, type JobOptions } from "../../src/engine/executor.ts";
import { UserError } from "../../src/errors.ts";
import { localExecutor } from "../../src/jobs/local.ts";
import type { Reply } from "../../src/jobs/messages.ts";
import { start } from "../../src/jobs/start.ts";
import { entry } from "./entry.ts";
import { die, fail, square, total } from "./trial-jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-jobs-"));
const modules = [new URL("./trial-jobs.ts", import.meta.url).href];
const executors = {
  inline: inlineExecutor,
  threads: localExecutor({ workers: 2, kind: "thread", modules, entry }),
  processes: localExecutor({ workers: 2, kind: "process", modules, entry }),
};

afterAll(async () => {
  for (const executor of Object.values(executors)) await executor.release();
  rmSync(folder, { recursive: true });
});

async function all<I, O>(executor: Executor, job: Job<I, O>, inputs: Iterable<I>, options?: JobOptions): Promise<O[]> {
  const found: O[] = [];
  for await (const output of executor.run(job, inputs, options)) found.push(output);
  return found;
}

describe.each(["inline", "threads", "processes"] as const)("%s", (kind) => {
  const executor = executors[kind];

  it("do jobs and give what comes out in order, however long each takes", async () => {
    const inputs = [50, 0, 30, 0, 0].map((wait, x) => ({ x, wait }));
    const told: unknown[] = [];
    const onProgress = (index: number, text: unknown) => told.push([index, text]);
    expect(await all(executor, square, inputs, { onProgress })).toEqual([0, 1, 4, 9, 16]);
    expect(told.sort()).toEqual(inputs.map(({ wait }, x) => [x, `waits ${wait}`]));
    expect(await all(executor, square, [])).toEqual([]);
  });

  it("carry arrays", async () => {
    const [{ sum, pid }] = await all(executor, total, [Float32Array.of(1, 2, 3.5)]);
    expect(sum).toBe(6.5);
    expect(pid === process.pid).toBe(kind !== "processes");
  });

  it("throw what jobs throw, and do others afterwards", async () => {
    const mistake = all(executor, fail, ["mistake" as const]);
    await expect(mistake).rejects.toThrow("That is a mistake: ask for something else.");
    await expect(mistake).rejects.toBeInstanceOf(UserError);
    const fault = all(executor, fail, ["fault" as const]);
    await expect(fault).rejects.toThrow("a fault");
    await expect(fault).rejects.not.toBeInstanceOf(UserError);
    expect(await all(executor, square, [{ x: 5 }])).toEqual([25]);
  });

  it("stop when they are told to, and work again", async () => {
    const stop = new AbortController();
    const inputs = Array.from({ length: 50 }, (_, x) => ({ x, wait: 100 }));
    const found: number[] = [];
    const work = (async () => {
      for await (const output of executor.run(square, inputs, { signal: stop.signal })) {
        found.push(output);
        stop.abort(new Error("enough"));
      }
    })();
    await expect(work).rejects.toThrow("enough");
    expect(found).toEqual([0]);
    expect(await all(executor, square, [{ x: 6 }])).toEqual([36]);
    await expect(all(executor, square, inputs, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
  });

  it("read inputs no further ahead than they have to", async () => {
    let read = 0;
    const inputs = function* () {
      for (let x = 0; x < 100; x++) {
        read++;
        yield { x };
      }
    };
    for await (const output of executor.run(square, inputs())) {
      expect(output).toBe(0);
      break;
    }
    expect(read).toBeLessThanOrEqual(2 * executor.concurrency);
  });
});

describe.each(["threads", "processes"] as const)("%s that die", (kind) => {
  it("are replaced once, then blamed on the job", async () => {
    const once = join(folder, kind);
    expect(await all(executors[kind], die, [{ once }])).toEqual(["lived"]);
    await expect(all(executors[kind], die, [{}])).rejects.toThrow(/^The job "die" ended its worker 2 times \(.*7\)/);
    expect(await all(executors[kind], square, [{ x: 3 }])).toEqual([9]);
  });

  it("do not know jobs that no module has", async () => {
    const unknown: Job<number, number> = { name: "unknown", run: (x) => x };
    await expect(all(executors[kind], unknown, [1])).rejects.toThrow('There is no job "unknown".');
  });
});

it.each(["thread", "process"] as const)("a %s whose module cannot be loaded says so when it is asked", async (kind) => {
  const broken = [new URL("./broken-jobs.ts", import.meta.url).href];
  const replies: Reply[] = [];
  await new Promise<void>((resolve) => {
    const link = start({ kind, entry, modules: broken }, { onReply, onEnd: () => resolve() });
    function onReply(reply: Reply) {
      replies.push(reply);
      if (reply.kind === "progress") link.send({ job: "square", input: { x: 2 } });
      else void link.stop();
    }
  });
  expect(replies).toMatchObject([{ kind: "progress" }, { kind: "failed", message: "These jobs are broken." }]);
});

it("processes are waited for when they are released", async () => {
  const program = fileURLToPath(new URL("./releases.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program]);
  expect(stdout).toBe("9\nreleased\n");
});

it("there are workers in whole numbers", () => {
  for (const workers of [0, -1, 1.5, Number.NaN]) expect(() => localExecutor({ workers })).toThrow(UserError);
});
