import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conv2d, decode, dense, flatten, readModel, relu, sequential, writeModel } from "espalier";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barriersIn } from "../../../test/examples/accessible.ts";
import { executablePath, type OpenStudio, openStudio, START } from "./open-studio.ts";

/** A busy machine may take so long, ms. */
const SOON = { timeout: 30_000 };

/** A first visit loads no more, packed and without the engine's WebAssembly. */
const FIRST_LOAD = 400_000;

const folder = mkdtempSync(join(tmpdir(), "espalier-page-"));
const file = join(folder, "tiny.onnx");
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(executablePath === undefined)("the studio", () => {
  const model = sequential([conv2d(2, 3), relu(), flatten(), dense(3)], { name: "tiny", input: [1, 8, 8], seed: 1 });
  let studio: OpenStudio;

  beforeAll(async () => {
    writeFileSync(file, writeModel(model));
    writeFileSync(join(folder, "damaged.onnx"), "no network");
    studio = await openStudio();
  }, START);
  afterAll(() => studio?.close());

  it("says in the library's sentence what is no network", { timeout: 60_000 }, async () => {
    const { page, context, faults } = await studio.page();
    await page.getByLabel("Choose files").setInputFiles(join(folder, "damaged.onnx"));
    await expect.poll(() => page.getByRole("alert").textContent(), SOON).toMatch(/^damaged\.onnx is not an ONNX file/);
    await expect.poll(() => page.getByRole("heading", { name: "Drop a network" }).count(), SOON).toBe(1);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("shows a network, keeps it over a reload, and gives it back as an .esp", { timeout: 120_000 }, async () => {
    const { page, context, faults } = await studio.page();
    await page.getByLabel("Choose files").setInputFiles(file);
    const rows = page.getByRole("region", { name: "Layers" }).getByRole("row");
    await expect.poll(() => rows.count(), SOON).toBe(3);
    expect(studio.firstLoad(page)).toBeLessThan(FIRST_LOAD);
    // MACs come from a run of the network.
    await expect.poll(() => rows.nth(1).textContent(), SOON).toMatch(/Conv1818100\.0%648$/);
    expect(await barriersIn(page)).toEqual([]);

    await page.reload();
    await expect.poll(() => rows.count(), SOON).toBe(3);
    const button = page.getByRole("button", { name: "tiny.esp" });
    await expect.poll(() => button.isEnabled(), SOON).toBe(true);
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    const saved = await download.path();
    expect(writeModel(readModel(decode(readFileSync(saved))))).toEqual(writeModel(model));
    expect(faults).toEqual([]);
    await context.close();
  });
});
