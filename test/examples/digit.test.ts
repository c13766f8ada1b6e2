import { statSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barriersIn } from "./accessible.ts";
import { FLAGS, findChromium } from "./browser.ts";
import { type RepositoryServer, serveRepository } from "./serve.ts";

const executablePath = findChromium();
if (executablePath === undefined) {
  console.warn("The example's test is skipped: there is no Chromium here (Debian: apt-get install chromium).");
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
const ESP = "examples/digit/lenet-5.esp";
const SEVEN = [
  [60, 60],
  [215, 60],
  [120, 235],
] as const;

describe.skipIf(executablePath === undefined)("the digit page in Chromium", () => {
  let server: RepositoryServer;
  let browser: Browser;
  let page: Page;
  /** What the browser fetched: bytes over the wire by path, without the headers. */
  const fetched: { path: string; bytes: number }[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await serveRepository();
    browser = await chromium.launch({ executablePath, args: FLAGS });
    page = await browser.newPage();
    page.on("requestfinished", async (request) => {
      const { responseBodySize: bytes } = await request.sizes();
      fetched.push({ path: new URL(request.url()).pathname, bytes });
    });
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(`${server.address}/examples/digit/`);
  }, START);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? "";

  /** Waits until an engine has said what it sees, and how long that took. */
  const recognized = async (engine: string) => {
    await expect.poll(() => text(`${engine}-run`), { timeout: 60_000 }).toMatch(/^[\d.]+ ms$/);
    await expect.poll(() => text("digit")).not.toBe("");
    return text("digit");
  };

  it("reads a seven that is drawn with the mouse, from the sparse form and then through ONNX Runtime", async () => {
    const { x = 0, y = 0, width = 0 } = (await page.locator("#drawing").boundingBox()) ?? {};
    const [start, ...corners] = SEVEN.map(([right, down]) => [(right * width) / 280, (down * width) / 280]);
    await expect.poll(() => text("message"), { timeout: 60_000 }).toMatch(/^([\d,]+) of \1 bytes have come/);
    await page.mouse.move(x + start[0], y + start[1]);
    await page.mouse.down();
    for (const [right, down] of corners) await page.mouse.move(x + right, y + down, { steps: 8 });
    await page.mouse.up();
    expect(await recognized("sparse")).toBe("seven");
    expect(await text("dense-run")).toBe("");

    await page.check("#dense");
    expect(await recognized("dense")).toBe("seven");
    expect(await text("sparse-run")).toMatch(/ms$/);
    expect(complaints).toEqual([]);
  });

  it("shows the network an image as MNIST has them", async () => {
    const ink = await page.evaluate<number[]>(
      'Array.from(seen.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 3)',
    );
    const mass = ink.reduce((sum, value) => sum + value, 0);
    const centre = (along: (i: number) => number) => ink.reduce((sum, value, i) => sum + value * along(i), 0) / mass;
    const inked = ink.flatMap((value, i) => (value > 0 ? [Math.floor(i / 28)] : []));
    expect(centre((i) => i % 28)).toBeCloseTo(14, 0);
    expect(centre((i) => Math.floor(i / 28))).toBeCloseTo(14, 0);
    expect(inked[inked.length - 1] - inked[0]).toBeOneOf([19, 20]);
    expect(Math.max(...ink)).toBe(255);
  });

  it("fetches the network once, in 14 kB", async () => {
    const { size } = statSync(join(import.meta.dirname, "../..", ESP));
    const bytesOf = (path: string) => fetched.filter((file) => file.path === path).map(({ bytes }) => bytes);
    expect(bytesOf(`/${ESP}`)).toEqual([size]);
    expect(size).toBeLessThan(15_000);
    // In a worker of its own, as asked.
    expect(bytesOf("/packages/runtime/dist/loading/worker.js")).toHaveLength(1);
  });

  it.each([
    ["a damaged file", "bytes[9000] ^= 1", "UserError: The file is damaged (a checksum does not fit)"],
    ["a signal", 'controller.abort(new Error("enough"))', "Error: enough"],
    [
      "a worker that does not start",
      "worker = () => new Worker('none.js')",
      "UserError: The decoder's worker does not",
    ],
  ])("ends with %s, in a worker too", async (_, mishap, message) => {
    const error = await page.evaluate<string>(`(async () => {
      const { load } = await import("espalier-runtime");
      const bytes = new Uint8Array(await (await fetch("lenet-5.esp")).arrayBuffer());
      const controller = new AbortController();
      let worker = true;
      const mishap = () => ${mishap};
      if (${mishap.startsWith("controller")}) setTimeout(mishap);
      else mishap();
      return load(bytes, { worker, signal: controller.signal }).then(() => "loaded", String);
    })()`);
    expect(error).toContain(message);
  });

  it("says how sure it is of each digit", async () => {
    const shares = (await page.locator("#classes td:last-child").allTextContents()).map(Number.parseFloat);
    expect(shares).toHaveLength(10);
    expect(shares.indexOf(Math.max(...shares))).toBe(7);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
    expect(await text("sure")).toBe(`${shares[7].toFixed(1)}% sure`);
    expect(await page.locator("#classes .best th").textContent()).toBe("7");
    expect(await page.getByRole("status").filter({ hasText: "seven" }).count()).toBe(1);
    expect(await barriersIn(page)).toEqual([]);
  });

  it("wipes the drawing", async () => {
    await page.click("#clear");
    await expect.poll(() => text("digit")).toBe("");
    expect(await text("sure")).toBe("Nothing is drawn yet.");
  });

  it("reads a one that is drawn by keyboard alone", async () => {
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    await page.locator("#paper").focus();
    await press("ArrowUp", 3);
    await press("Space");
    expect(await text("pen-state")).toBe("The pen is down.");
    await press("ArrowDown", 20);
    expect(await text("digit")).toBe("");
    await press("Space");
    await expect.poll(() => text("digit")).toBe("one");
    expect(await text("pen-state")).toBe("The pen is up.");
    expect(await barriersIn(page)).toEqual([]);
    await page.locator("#paper").focus();
    await press("Delete");
    await expect.poll(() => text("digit")).toBe("");
    await press("Space");
    expect(await text("pen-state")).toBe("The pen is down.");
    await press("Tab");
    expect(await text("pen-state")).toBe("The pen is up.");
    expect(complaints).toEqual([]);
  });

  it.each([400, 1280])("fits into a window of %i pixels", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });
});
