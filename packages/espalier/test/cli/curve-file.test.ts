import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { curveFile } from "../../src/cli/curve-file.ts";
import { UserError } from "../../src/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-curve-"));
const out = join(folder, "small.esp");
afterAll(() => rmSync(folder, { recursive: true }));

describe("the curve of a search", () => {
  const point = { lambda: 0.1, cut: 0, epochs: 0, bytes: 1000, density: 0.4, fidelity: 99, accepted: true };

  it("is kept for the same network and options, from the first point on", () => {
    const state = curveFile(out, "digest", { maxLoss: 1 });
    expect(state.stopped()).toBe("Stopped; nothing was written.");
    expect(readdirSync(folder)).toEqual([]);
    state.add(point);
    expect(state.stopped()).toMatch(/what was found is in .*small\.esp\.curve\.json/);
    expect(curveFile(out, "digest", { maxLoss: 1, json: true, report: "page.html" }).points).toEqual([point]);
    expect(() => curveFile(out, "other", { maxLoss: 1 })).toThrow(/holds what another run had found/);
    expect(() => curveFile(out, "digest", { maxLoss: 2 })).toThrow(UserError);
    expect(curveFile(out, "digest", { maxLoss: 1 }).points).toEqual([point]);
    state.remove();
    expect(readdirSync(folder)).toEqual([]);
  });
});
