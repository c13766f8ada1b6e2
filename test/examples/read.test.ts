import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "../../packages/espalier/src/coding/encode.ts";
import { readModel } from "../../packages/espalier/src/onnx/read.ts";
import { barriersIn } from "./accessible.ts";
import { FLAGS, findChromium } from "./browser.ts";
import { type RepositoryServer, serveRepository } from "./serve.ts";

const executablePath = findChromium();
const zoo = new URL("../../../shared/zoo/", import.meta.url);
const skipped = executablePath === undefined || !existsSync(zoo);
if (skipped) {
  const missing = existsSync(zoo) ? "no Chromium here (Debian: apt-get install chromium)" : "no ../shared";
  console.warn(`The test of the page that reads is skipped: there is ${missing}.`);
}

/** A browser may take so long to start on a busy machine, and networks to be coded, ms. */
const START = 180_000;
const WAIT = { timeout: 120_000 };
const FOLDER = "/examples/read";
const NETWORKS = {
  detector: "ch_PP-OCRv4_det_infer",
  orientation: "ch_ppocr_mobile_v2.0_cls_infer",
  recognizer: "ch_PP-OCRv4_rec_infer",
};
const at = (name: string) => fileURLToPath(new URL(name, zoo));

/** Where Latin characters are in the recognizer's list of 6,623, which does not lie beside the networks. */
const LATIN =
  "!165 '0 (720 )964 +3572 ,33 -27 .465 /486 025 192 224 393 4631 5630 6932 728 826 91108 :31 ;401 ?2455 A1220 B3587 C4243 D1219 E4380 F1218 G5127 H424 I3586 J2696 K5192 L3505 M3638 N3588 O4740 P1309 Q4730 R5126 S1216 T1380 U4496 V5404 W5032 X5199 Y1217 Z4135 a4543 b3462 c4901 d5170 e3331 f4388 g4547 h3538 i3537 j5492 k4848 l2709 m5232 n4546 o4244 p4544 q2155 r1957 s1032 t3332 u1033 v4921 w3536 x2992 y4545 z3315";
const CHARACTERS = 6623;
/** Stands for all other characters. */
const OTHER = "#";

function characters(): Uint8Array {
  const list = Array.from({ length: CHARACTERS }, () => OTHER);
  for (const entry of LATIN.split(" ")) list[Number(entry.slice(1))] = entry[0];
  return new TextEncoder().encode(list.join("\n"));
}

describe.skipIf(skipped)("the page that reads, in Chromium", () => {
  const files: Record<string, Uint8Array> = {};
  let server: RepositoryServer;
  let browser: Browser;
  let page: Page;
  /** What the browser fetched: bytes over the wire by path, without the headers. */
  const fetched = new Map<string, number>();
  const complaints: string[] = [];

  beforeAll(async () => {
    // Quicker to write than what `espalier compress` makes.
    for (const [name, file] of Object.entries(NETWORKS)) {
      files[`${FOLDER}/${name}.esp`] = encode(readModel(readFileSync(at(`${file}.onnx`)), name), { mode: "huffman" });
    }
    files[`${FOLDER}/characters.txt`] = characters();
    server = await serveRepository({ files });
    browser = await chromium.launch({ executablePath, args: FLAGS });
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    context.on("requestfinished", async (request) => {
      const { responseBodySize: bytes } = await request.sizes();
      fetched.set(new URL(request.url()).pathname, bytes);
    });
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(`${server.address}${FOLDER}/`);
    await page.waitForSelector("#sample:enabled", WAIT);
  }, START);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? "";
  const lines = () => page.locator("#lines span").allTextContents();

  it("tells what came over the wire", async () => {
    const kilobytes = async (id: string) => Number((await text(`${id}-bytes`)).replace(/,| kB$/g, ""));
    for (const name of Object.keys(NETWORKS)) {
      const bytes = files[`${FOLDER}/${name}.esp`].length;
      expect(await kilobytes(name)).toBe(Math.round(bytes / 1000));
      expect(fetched.get(`${FOLDER}/${name}.esp`)).toBe(bytes);
    }
    const all = [...fetched.values()].reduce((a, b) => a + b);
    expect(await kilobytes("all")).toBeCloseTo(all / 1000, -1);
    expect(await kilobytes("peer")).toBe(16_933);
  });

  it(
    "reads the sample: lines that are aslant, one in Chinese and one that is upside down",
    async () => {
      await page.click("#sample");
      await expect.poll(() => text("summary"), WAIT).toBe("The picture has 7 lines.");
      const found = await lines();
      // The recognizer is not sure of spaces.
      expect(found.map((line) => line.replaceAll(" ", ""))).toEqual([
        "PEARTREES",
        "trainedflatagainstawarmwall",
        OTHER.repeat(4),
        "Opendaily9:00-17:30",
        "24.50",
        "twoyearsold",
        "Thissidedown",
      ]);
      expect(await page.locator("svg .read > polygon").count()).toBe(7);
      expect(await page.locator("svg text").allTextContents()).toEqual(found);
      expect(await text("time")).toMatch(/^The lines are found in [\d.]+ m?s, each is read in [\d.]+ m?s\.$/);
      expect(await barriersIn(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    WAIT.timeout,
  );

  it("shows where a line is, copies it and all of them, and takes the text off the picture", async () => {
    const [first, second] = [0, 1].map((i) => page.locator("#lines button").nth(i));
    await second.focus();
    expect(await page.locator("svg .chosen text").textContent()).toBe((await lines())[1]);
    await first.hover();
    expect(await page.locator("svg .chosen text").textContent()).toBe((await lines())[0]);
    const clipboard = () => page.evaluate<string>("navigator.clipboard.readText()");
    await first.click();
    await expect.poll(clipboard).toBe((await lines())[0]);
    await page.click("#copy");
    await expect.poll(clipboard).toBe((await lines()).join("\n"));
    await page.uncheck("#overlay");
    expect(await page.locator("svg text").first().isVisible()).toBe(false);
  });

  it("cuts out a line as the recognizer takes it", async () => {
    const png = readFileSync(at("textlines/val/240.png"));
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const input = await page.evaluate<{ dims: number[]; data: number[] }>(`(async () => {
      const { recognizerInput } = await import("./input.js");
      const blob = await (await fetch("data:image/png;base64,${png.toString("base64")}")).blob();
      const corners = [[0, 0], [${width}, 0], [${width}, ${height}], [0, ${height}]];
      const { dims, data } = recognizerInput(await createImageBitmap(blob), corners);
      return { dims, data: Array.from(data) };
    })()`);
    expect(input.dims).toEqual([1, 3, height, width]);
    const size = width * height;
    for (const [i, value] of input.data.entries()) {
      const pixel = data[3 * (i % size) + 2 - Math.floor(i / size)];
      expect(value).toBeCloseTo((pixel - 127.5) / 127.5, 5);
    }
  });

  it("makes boxes of a map: aslant, downwards, in the order of reading, none of what is unsure or low", async () => {
    const found = await page.evaluate<number[][][]>(`(async () => {
      const { linesOf } = await import("./boxes.js");
      const [width, height] = [320, 240];
      const map = new Float32Array(width * height);
      const paint = ({ x, y, length, high, angle, value }) => {
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        for (let i = 0; i < map.length; i++) {
          const [right, down] = [(i % width) - x, Math.floor(i / width) - y];
          if (Math.abs(right * cos + down * sin) <= length / 2 && Math.abs(down * cos - right * sin) <= high / 2) map[i] = value;
        }
      };
      paint({ x: 230, y: 50, length: 100, high: 12, angle: 0, value: 0.9 });
      paint({ x: 80, y: 52, length: 100, high: 12, angle: 0.2, value: 0.9 });
      paint({ x: 160, y: 150, length: 12, high: 80, angle: 0, value: 0.9 });
      paint({ x: 60, y: 150, length: 80, high: 12, angle: 0, value: 0.5 });
      paint({ x: 260, y: 150, length: 80, high: 2, angle: 0, value: 0.9 });
      return linesOf(map, width, height);
    })()`);
    expect(found).toHaveLength(3);
    const [left, right, down] = found;
    // By 1.5 of area over perimeter, 100 x 12 grow by 8 on each side.
    const near = (corner: number[], x: number, y: number) => {
      expect(Math.abs(corner[0] - x)).toBeLessThan(2.5);
      expect(Math.abs(corner[1] - y)).toBeLessThan(2.5);
    };
    near(right[0], 230 - 58, 50 - 14);
    near(right[2], 230 + 58, 50 + 14);
    near(left[0], 80 - 58 * Math.cos(0.2) + 14 * Math.sin(0.2), 52 - 58 * Math.sin(0.2) - 14 * Math.cos(0.2));
    near(left[1], 80 + 58 * Math.cos(0.2) + 14 * Math.sin(0.2), 52 + 58 * Math.sin(0.2) - 14 * Math.cos(0.2));
    // It begins at its top right corner, and goes down.
    near(down[0], 160 + 14, 150 - 48);
    near(down[1], 160 + 14, 150 + 48);
    near(down[3], 160 - 14, 150 - 48);
  });

  it("makes text of classes: what follows itself once, without blanks", async () => {
    const read = await page.evaluate<{ text: string; confidence: number }>(`(async () => {
      const { textOf } = await import("./text.js");
      const steps = [0, 1, 1, 0, 1, 3, 2, 2, 0];
      const data = steps.flatMap((best) => [0, 1, 2, 3].map((k) => (k === best ? 0.7 : 0.1)));
      return textOf({ dims: [1, steps.length, 4], data }, ["a", "b"]);
    })()`);
    expect(read.text).toBe("aa b");
    expect(read.confidence).toBeCloseTo(0.7, 10);
  });

  it("takes pictures without text, and no other files", async () => {
    await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await expect.poll(() => text("message")).toBe("notes.txt is not a picture that this browser can read.");
    const grey = await sharp({ create: { width: 64, height: 64, channels: 3, background: "grey" } })
      .png()
      .toBuffer();
    await page.setInputFiles("#file", { name: "grey.png", mimeType: "image/png", buffer: grey });
    await expect.poll(() => text("summary"), WAIT).toBe("There is no text in the picture.");
    expect(await text("message")).toBe("");
    expect(await lines()).toEqual([]);
  });

  it("says what to do where there are no networks", async () => {
    const bare = await serveRepository();
    const other = await browser.newPage();
    try {
      await other.goto(`${bare.address}${FOLDER}/`);
      await expect
        .poll(() => other.locator("#message").textContent(), WAIT)
        .toMatch(/examples\/read\/.* is not there: README/);
      expect(await other.locator("#sample").isDisabled()).toBe(true);
    } finally {
      await other.close();
      bare.close();
    }
  });

  it("can be perceived and reached", async () => {
    expect(await barriersIn(page)).toEqual([]);
  });

  it.each([400, 1280])("fits into a window of %i pixels", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });
});
