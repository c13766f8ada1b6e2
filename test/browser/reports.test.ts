import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barChart } from "../../packages/espalier/src/report/bars.ts";
import { colours } from "../../packages/espalier/src/report/colours.ts";
import { renderCompression } from "../../packages/espalier/src/report/compression.ts";
import { renderExperiment } from "../../packages/espalier/src/report/experiment.ts";
import { renderReport } from "../../packages/espalier/src/report/render.ts";
import { renderScan } from "../../packages/espalier/src/report/scan.ts";
import { renderUnlabeled } from "../../packages/espalier/src/report/unlabeled.ts";
import { error } from "../../packages/espalier/src/tasks/measures/error.ts";
import { compression, report } from "../../packages/espalier/test/report/run.ts";
import { barriersIn } from "../examples/accessible.ts";
import { FLAGS, findChromium } from "../examples/browser.ts";

const executablePath = findChromium();
if (executablePath === undefined) {
  console.warn("The reports' test is skipped: there is no Chromium here (Debian: apt-get install chromium).");
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
/** The smallest letters that a chart may have, in pixels. */
const LEGIBLE = 10;

const DENSITIES = [1, 0.5, 0.2, 0.1, 0.05];
const layers = Array.from({ length: 12 }, (_, i) => ({
  name: `fire${i}/squeeze1x1`,
  weights: 1000 * i,
  points: DENSITIES.map((density) => ({ density, value: 1 + i / density / 20, loss: 0.1, retrained: 1 + i / 20 })),
}));
const agreement = { agreement: 98.1, divergence: 0.0123, expectedLoss: 0.8 };

const pages: Readonly<Record<string, string>> = {
  "a pruning": renderReport(report),
  "a scan": renderScan({
    network: "squeezenet",
    command: "espalier scan squeezenet.onnx --data images:photographs --out scan --retrain 1",
    data: "photographs",
    measure: error,
    layers,
    cost: { forwardPasses: 12.3, withoutReuse: 60 },
    retrained: true,
    seconds: 12,
  }),
  "a pruning without labels": renderUnlabeled({
    network: "squeezenet",
    command: "espalier prune squeezenet.onnx --unlabeled --max-loss 1 --data images:photographs --out pruned",
    parameters: 1_248_424,
    nonzero: 380_000,
    compressionRate: 3.28,
    seconds: 300,
    agreement: { validation: agreement, test: agreement },
    layers: report.layers,
    trials: [1.5, 2.2, 3.28, 4.1].map((rate) => ({
      rate,
      agreement: { ...agreement, expectedLoss: rate / 4 },
      accepted: rate < 4,
    })),
  }),
  "a compression": renderCompression(compression),
  "an experiment": renderExperiment({
    title: "Sizes, before and after",
    claim: "Pruning and sharing make networks small.",
    command: "espalier reproduce sizes --out results",
    table: [["network", "before", "after"], ...layers.map(({ name, weights }) => [name, weights, "7.5%"])],
    figures: [
      {
        caption: "Bytes before and after.",
        picture: barChart(
          layers.flatMap(({ name, weights }) => [
            { group: name, name: "as it came", value: 4 * weights },
            { group: name, name: "pruned", value: weights / 3 },
          ]),
          "bytes",
        ),
      },
    ],
    texts: [{ title: "a text", text: "To be" }],
  }),
};

describe.skipIf(executablePath === undefined)("reports in Chromium", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: FLAGS });
    page = await browser.newPage();
  }, START);

  afterAll(async () => browser?.close());

  const show = async (name: string, width = 400, colorScheme: "light" | "dark" = "light") => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.setContent(pages[name]);
  };

  describe.each(Object.keys(pages))("of %s", (name) => {
    it("can be perceived and reached", async () => {
      await show(name);
      expect(await barriersIn(page)).toEqual([]);
    });

    it.each([360, 400, 620, 800, 1280])("has legible charts at %i pixels, and fits", async (width) => {
      await show(name, width);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      const sizes = await page.evaluate<number[]>(`[...document.querySelectorAll(".chart svg[role=img]")]
        .filter((svg) => svg.getClientRects().length > 0)
        .map((svg) => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)`);
      expect(sizes.length).toBe(await page.locator(".chart").count());
      for (const size of sizes) expect(size).toBeGreaterThan(LEGIBLE);
    });
  });

  it("tells the value of the nearest point, until the pointer leaves", async () => {
    await show("a pruning", 1280);
    const chart = page.locator(".chart").nth(1);
    const tip = chart.locator(".tip");
    expect(await tip.isVisible()).toBe(false);
    const point = chart.locator(".drawn-900 circle", { hasText: "fc2, density 10%" });
    await point.scrollIntoViewIfNeeded();
    const { x = 0, y = 0 } = (await point.boundingBox()) ?? {};
    await page.mouse.move(x + 6, y + 1);
    expect(await tip.textContent()).toBe("fc2, density 10%: 4.00%");
    expect(await tip.isVisible()).toBe(true);
    await page.mouse.move(2, 2);
    expect(await tip.isVisible()).toBe(false);
  });

  it("tells values by keyboard, as a slider that names them", async () => {
    await show("a pruning");
    const chart = page.locator(".chart").first();
    const slider = chart.getByRole("slider", { name: "Values of: Size against accuracy" });
    const told = () => Promise.all([slider.getAttribute("aria-valuetext"), chart.locator(".tip").textContent()]);
    await page.locator(".scroll").first().focus();
    await page.keyboard.press("Tab");
    expect(await told()).toEqual(Array(2).fill("8.0x: 1.30%, good enough"));
    await page.keyboard.press("ArrowRight");
    expect(await told()).toEqual(Array(2).fill("12.0x: 1.20%, chosen"));
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowRight");
    expect(await slider.getAttribute("aria-valuenow")).toBe(await slider.getAttribute("aria-valuemax"));
    await page.keyboard.press("Home");
    expect(await told()).toEqual(Array(2).fill("8.0x: 1.30%, good enough"));
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.evaluate("new Promise(requestAnimationFrame)");
    await page.keyboard.press("ArrowRight");
    expect(await told()).toEqual(Array(2).fill("12.0x: 1.20%, chosen"));
    const [point, ring] = [chart.locator(".drawn-900 circle", { hasText: "chosen" }).first(), chart.locator(".ring")];
    const centre = async (of: Locator) => {
      const { x = 0, y = 0, width = 0, height = 0 } = (await of.boundingBox()) ?? {};
      return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
    };
    expect(await centre(ring)).toEqual(await centre(point));
    await page.keyboard.press("Tab");
    expect(await chart.locator(".tip").isVisible()).toBe(false);
  });

  it("has a table that scrolls by keyboard, its first column in place", async () => {
    await show("a pruning");
    const [box, head] = [page.locator(".scroll"), page.locator("tbody th").first()];
    const before = await head.boundingBox();
    await box.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.evaluate<number>('document.querySelector(".scroll").scrollLeft')).toBeGreaterThan(20);
    expect((await head.boundingBox())?.x).toBe(before?.x);
  });

  it("shows masks on the paper's own colour", async () => {
    for (const scheme of ["light", "dark"] as const) {
      await show("a pruning", 1280, scheme);
      // Nine connections of ten are cut.
      const ground = await medianOf(page, await page.locator(".mask").first().screenshot());
      expect(Math.abs(ground - Number.parseInt(colours.paper[scheme].slice(3, 5), 16))).toBeLessThan(6);
    }
  });

  it("says the same without a script", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const bare = await context.newPage();
    await bare.setContent(pages["a pruning"]);
    expect(await bare.locator(".chart svg:visible").count()).toBe(8);
    expect(await bare.locator(".reader").count()).toBe(0);
    await context.close();
  });
});

/** The median of the green of a PNG's pixels. */
function medianOf(page: Page, png: Buffer) {
  return page.evaluate<number>(`(async () => {
    const image = await createImageBitmap(await (await fetch("data:image/png;base64,${png.toString("base64")}")).blob());
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    const greens = data.filter((_, i) => i % 4 === 1).sort();
    return greens[greens.length >> 1];
  })()`);
}
