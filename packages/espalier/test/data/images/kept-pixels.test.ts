import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { KeptPixels } from "../../../src/data/images/kept-pixels.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-kept-"));
beforeAll(() => void vi.stubEnv("TMPDIR", folder));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const photograph = (number: number) => new Uint8Array(6).fill(number);
const filled = (kept: KeptPixels, count: number) => {
  for (let i = 0; i < count; i++) kept.set(10 * i, photograph(i));
  return Array.from({ length: count }, (_, i) => kept.get(10 * i)?.join());
};
const all = (count: number) => Array.from({ length: count }, (_, i) => photograph(i).join());

describe("decoded photographs are kept", () => {
  it("in memory, then in a file without a name, then not at all", () => {
    const kept = new KeptPixels(6, { memory: 13, file: 19 });
    expect(filled(kept, 7)).toEqual([...all(5), undefined, undefined]);
    expect(kept.has(40)).toBe(true);
    expect(kept.has(50)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("as they came first", () => {
    const kept = new KeptPixels(6, { memory: 6, file: 6 });
    expect(filled(kept, 2)).toEqual(all(2));
    kept.set(0, photograph(9));
    kept.set(10, photograph(9));
    expect([kept.get(0), kept.get(10)]).toEqual([photograph(0), photograph(1)]);
  });

  it("nowhere, where they are too large", () => {
    expect(filled(new KeptPixels(6, { memory: 5, file: 5 }), 2)).toEqual([undefined, undefined]);
  });

  it("in memory alone, where there can be no file", () => {
    vi.stubEnv("TMPDIR", join(folder, "nowhere"));
    expect(filled(new KeptPixels(6, { memory: 6, file: 600 }), 2)).toEqual([photograph(0).join(), undefined]);
  });
});
