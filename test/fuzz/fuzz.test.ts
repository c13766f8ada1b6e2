import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { targets } from "./parsers/index.ts";
import { runRounds } from "./rounds.ts";
import { shrunk } from "./shrink.ts";
import type { Draw } from "./target.ts";

const scratch = mkdtempSync(join(tmpdir(), "espalier-fuzz-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const few = { seed: 1, from: 0, inputs: 60, seconds: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY };

describe("hostile inputs are read or refused (npm run fuzz goes on):", () => {
  it.each(Object.entries(targets))("%s", async (name, { open }) => {
    const folder = mkdtempSync(join(scratch, `${name}-`));
    const { rounds, kinds } = await runRounds(name, await open(folder), few, join(scratch, "faults"));
    expect(rounds).toBe(few.inputs);
    // Not all is refused: what lies behind the door is tried too.
    expect(Object.values(kinds).reduce((sum, { read }) => sum + read, 0)).toBeGreaterThan(0);
  });
});

describe("an input that does what none may", () => {
  /** Fails where there is a 7 in the input. */
  const draw: Draw = (random) => ({
    kind: "numbers",
    parts: [Uint8Array.from({ length: 40 }, () => random.below(9))],
    read([bytes]) {
      if (bytes.includes(7)) throw new TypeError("There is a seven.");
      return true;
    },
  });
  const faults = join(scratch, "sevens");

  it("is told with its seed and round, and kept as small as it can be", async () => {
    const failing = await runRounds("sevens", draw, few, faults).catch((error: Error) => error.message);
    expect(failing).toMatch(/^sevens, seed 1, round \d+ \(numbers\): There is a seven\.; the smallest input is /);
    const [, round] = /round (\d+)/.exec(String(failing)) ?? [];
    expect([...readFileSync(join(faults, `sevens-1-${round}.bin`))]).toEqual([7]);
    const again = { ...few, from: Number(round), inputs: 1 };
    await expect(runRounds("sevens", draw, again, faults)).rejects.toThrow(`round ${round}`);
  });

  it("is one that takes too long, too", async () => {
    const harmless: Draw = () => ({ kind: "nothing", parts: [], read: () => true });
    await expect(runRounds("slow", harmless, { ...few, most: -1 }, faults)).rejects.toThrow(/it takes 0\.\d s/);
  });

  it("is shrunk in all its parts", async () => {
    const parts = [Uint8Array.of(1, 2, 3, 4, 5, 6, 7), Uint8Array.of(9, 8, 9), Uint8Array.of(1)];
    const smallest = await shrunk(parts, async ([a, b]) => a.includes(2) && a.includes(6) && b.includes(8));
    expect(smallest.map((part) => [...part])).toEqual([[2, 6], [8], []]);
  });
});
