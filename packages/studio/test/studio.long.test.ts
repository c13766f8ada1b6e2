import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dense, flatten, readModelFile, relu, sequential, train, writeModel } from "espalier";
import { nodeEngine, openDataset } from "espalier/node";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barriersIn } from "../../../test/examples/accessible.ts";
import { executablePath, type OpenStudio, openStudio, START } from "./open-studio.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-studio-long-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Where SCREENSHOTS names a folder, what the page looks like is left there. */
const shots = process.env.SCREENSHOTS;

const minutes = (count: number) => 60_000 * count;

describe.skipIf(executablePath === undefined)("in the studio", () => {
  let studio: OpenStudio;
  beforeAll(async () => {
    studio = await openStudio();
  }, START);
  afterAll(() => studio?.close());

  const shoot = async (page: Page, name: string) => {
    if (shots === undefined) return;
    for (const [suffix, width, colorScheme] of [
      ["", 1280, "light"],
      ["-dark", 1280, "dark"],
      ["-narrow", 400, "light"],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(shots, `${name}${suffix}.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
  };

  /** Waits until a button can be pressed, which it can when nothing else is done. */
  async function press(page: Page, name: string | RegExp, timeout = minutes(2)) {
    const button = page.getByRole("button", { name, exact: typeof name === "string" }).last();
    await expect.poll(() => button.isEnabled(), { timeout }).toBe(true);
    await button.click();
  }

  /** Waits for the outcome of a step; what went wrong ends it. */
  async function outcome(page: Page, title: string, timeout: number) {
    const heading = page.getByRole("heading", { name: title, exact: true });
    await expect
      .poll(async () => (await page.getByRole("alert").textContent()) || (await heading.count()), {
        timeout,
        interval: 500,
      })
      .toBe(1);
  }

  async function downloaded(page: Page): Promise<Uint8Array> {
    const waiting = page.waitForEvent("download", { timeout: minutes(3) });
    await press(page, /\.onnx/);
    return readFileSync(await (await waiting).path());
  }

  it("units are removed and what is left is quantized, as the library does it", { timeout: minutes(10) }, async () => {
    const net = sequential([flatten(), dense(32), relu(), dense(10)], { name: "small", input: [1, 28, 28], seed: 1 });
    const trained = await train(nodeEngine(), net, await openDataset("mnist"), { epochs: 1, seed: 1 });
    writeFileSync(at("small.onnx"), writeModel(trained.model));
    const { page, context, faults } = await studio.page();
    await page.getByLabel("Choose files").setInputFiles(at("small.onnx"));
    await press(page, "MNIST sample");
    await page.getByLabel("Sample 1 of 5,000").waitFor();
    await page.getByLabel("Remove units", { exact: true }).check();
    await page.getByLabel("Epochs in a round").fill("1");
    await press(page, "Remove units");
    await outcome(page, "2x fewer units", minutes(4));
    const rows = page.getByRole("region", { name: "Layers" }).getByRole("row");
    // 25,120 weights before; half of all parameters at most are left.
    const weights = Number((await rows.nth(1).getByRole("cell").nth(2).textContent())?.replaceAll(",", ""));
    expect(weights).toBeLessThanOrEqual(784 * 16);
    expect(weights).toBeGreaterThan(784 * 10);
    await page.getByLabel("Quantize", { exact: true }).check();
    await press(page, "Quantize");
    await outcome(page, "Quantized to int8", minutes(4));
    expect(await barriersIn(page)).toEqual([]);
    await shoot(page, "quantized");
    const ops = readModelFile(await downloaded(page)).model.nodes.map(({ op }) => op);
    expect(ops).toContain("DequantizeLinear");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("a network of 200 MB is shown while the page goes on, in less than three times its size", {
    timeout: minutes(5),
  }, async () => {
    const wide = [flatten(), dense(7000), relu(), dense(7000), relu(), dense(10)];
    const model = sequential(wide, { name: "large", input: [1, 4, 4], seed: 1 });
    writeFileSync(at("large.onnx"), writeModel(model));
    const { size } = statSync(at("large.onnx"));
    expect(size).toBeGreaterThan(190_000_000);
    const { page, context, faults } = await studio.page();
    const memory = () =>
      page.evaluate<number>("performance.measureUserAgentSpecificMemory().then(({ bytes }) => bytes)");
    const before = await memory();
    await page.evaluate(`
      globalThis.longest = 0;
      let last = performance.now();
      const tick = () => {
        const now = performance.now();
        globalThis.longest = Math.max(globalThis.longest, now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      tick();
    `);
    await page.getByLabel("Choose files").setInputFiles(at("large.onnx"));
    await page.getByRole("region", { name: "Layers" }).waitFor({ timeout: minutes(1) });
    const [after, longest] = [await memory(), await page.evaluate<number>("globalThis.longest")];
    console.log(
      `200 MB: ${((after - before) / size).toFixed(2)} times its size, longest frame ${longest.toFixed(0)} ms.`,
    );
    expect(after - before).toBeLessThan(3 * size);
    expect(longest).toBeLessThan(1000);
    expect(faults).toEqual([]);
    await context.close();
  });
});
