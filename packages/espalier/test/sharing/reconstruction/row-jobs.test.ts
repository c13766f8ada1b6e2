import { afterAll, expect, it } from "vitest";
import { localExecutor } from "../../../src/jobs/local.ts";
import { random } from "../../../src/random.ts";
import { partsOf } from "../../../src/sharing/reconstruction/parts.ts";
import { refit } from "../../../src/sharing/reconstruction/refit.ts";
import { allPivots, decide } from "../../../src/sharing/reconstruction/row-jobs.ts";
import { Rows } from "../../../src/sharing/reconstruction/rows.ts";
import { entry } from "../../jobs/entry.ts";

const threads = localExecutor({ workers: 2, kind: "thread", entry });
const processes = localExecutor({ workers: 2, entry });

afterAll(async () => {
  await threads.release();
  await processes.release();
});

/** Rows of which each has other connections, so many that there are several parts, or all have the same. */
function layer(rows: number, columns: number, density: number) {
  const { normal, uniform } = random(5, "rows", density);
  const factors = Array.from({ length: columns }, () => Float64Array.from({ length: 8 }, normal));
  const second = new Float32Array(new SharedArrayBuffer(4 * columns * columns));
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      second[i * columns + j] = factors[i].reduce(
        (sum, x, k) => sum + x * factors[j][k],
        i === j ? 1 + i / columns : 0,
      );
    }
  }
  const diagonal = Float32Array.from({ length: columns }, (_, i) => second[i * columns + i]);
  const mask = Uint8Array.from({ length: rows * columns }, (_, i) =>
    uniform() < density || i % columns === columns - 1 ? 1 : 0,
  );
  const wanted = Float32Array.from(mask, (kept) => kept * normal());
  const shape = { groups: 1, rows, columns };
  return { wanted, rows: new Rows({ shape, second, diagonal, mask, fixed: 1, from: 0, to: rows }) };
}

const entries = Array.from({ length: 17 }, (_, i) => ({ value: (i - 8) / 4, count: 1, mass: 0 }));

it("rows are decided in workers as they are here, to the last bit", async () => {
  const { rows, wanted } = layer(110, 640, 0.6);
  expect(partsOf(rows)).toHaveLength(2);
  const here = await decide(rows, wanted, entries, 0.01);
  for (const executor of [threads, processes]) {
    const there = await decide(rows, wanted, entries, 0.01, { executor });
    expect(Buffer.compare(there.codes, here.codes)).toBe(0);
    expect(there.equations).toEqual(here.equations);
    expect(refit(there)).toEqual(refit(here));
  }
  const [pivots, others] = [await allPivots(rows, wanted), await allPivots(rows, wanted, { executor: threads })];
  expect(Buffer.compare(Buffer.from(others.squares.buffer), Buffer.from(pivots.squares.buffer))).toBe(0);
  expect(others.wanted?.every((w, i) => w === pivots.wanted?.[i])).toBe(true);
});

it("rows that share a triangle stay together where computing it anew would take long", () => {
  const { rows } = layer(3000, 300, 1);
  const parts = partsOf(rows);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts[0][0]).toBe(0);
  expect(parts.at(-1)?.[1]).toBe(3000);
  for (const [i, [from, to]] of parts.entries()) {
    expect(to).toBeGreaterThan(from);
    if (i > 0) expect(from).toBe(parts[i - 1][1]);
    // 8 n^2 for each row, 4 n^3 / 3 at least
    if (i + 1 < parts.length) expect(to - from).toBeGreaterThanOrEqual(300 / 6);
  }
});

it("work on rows stops when it is told to", async () => {
  const { rows, wanted } = layer(110, 640, 0.6);
  const signal = AbortSignal.abort(new Error("enough"));
  for (const executor of [undefined, threads]) {
    await expect(decide(rows, wanted, entries, 0, { executor, signal })).rejects.toThrow("enough");
  }
});
