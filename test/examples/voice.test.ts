import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { type Browser, chromium, type Page } from "playwright-core";
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
  console.warn(`The test of the voice page is skipped: there is ${missing}.`);
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
const WAIT = { timeout: 60_000 };
const FOLDER = "/examples/voice";
const ESP = `${FOLDER}/silero.esp`;
const RECORDING = fileURLToPath(new URL("speech/val/16.wav", zoo));
/** Bytes of a WAV before its samples. */
const HEADER = 44;
const [RATE, FRAME, CONTEXT] = [16_000, 512, 64];
/** What Chromium hears as a microphone, over and over. */
const MICROPHONE = [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-audio-capture=${RECORDING}`,
];

/** The probabilities of speech in a recording, by ONNX Runtime. */
async function probabilitiesOf(onnx: Uint8Array, samples: Float32Array): Promise<number[]> {
  const session = await ort.InferenceSession.create(onnx, { logSeverityLevel: 4 });
  const padded = new Float32Array(CONTEXT + FRAME * Math.ceil(samples.length / FRAME));
  padded.set(samples, CONTEXT);
  const found: number[] = [];
  let state: ort.Tensor = new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]);
  for (let start = 0; start + CONTEXT < padded.length; start += FRAME) {
    const { output, stateN } = await session.run({
      input: new ort.Tensor("float32", padded.slice(start, start + CONTEXT + FRAME), [1, CONTEXT + FRAME]),
      sr: new ort.Tensor("int64", BigInt64Array.of(BigInt(RATE)), []),
      state,
    });
    found.push(Number(output.data[0]));
    state = stateN;
  }
  await session.release();
  return found;
}

function samplesOf(wav: Buffer): Float32Array {
  return Float32Array.from({ length: (wav.length - HEADER) / 2 }, (_, i) => wav.readInt16LE(HEADER + 2 * i) / 32_768);
}

describe.skipIf(skipped)("the voice page in Chromium", () => {
  let onnx: Uint8Array;
  let esp: Uint8Array;
  let server: RepositoryServer;
  let browser: Browser;
  let page: Page;
  /** What the browser fetched: bytes over the wire by path, without the headers. */
  const fetched = new Map<string, number>();
  const complaints: string[] = [];

  beforeAll(async () => {
    onnx = readFileSync(new URL("silero_vad_v5.onnx", zoo));
    // Quicker to write than what `espalier compress` makes.
    esp = encode(readModel(onnx, "silero"), { mode: "huffman" });
    server = await serveRepository({ files: { [ESP]: esp } });
    browser = await chromium.launch({ executablePath, args: [...FLAGS, ...MICROPHONE] });
    page = await browser.newPage({ permissions: ["microphone"] });
    page.on("requestfinished", async (request) => {
      const { responseBodySize: bytes } = await request.sizes();
      const { pathname, protocol } = new URL(request.url());
      if (protocol === "http:") fetched.set(pathname, bytes);
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
  const kilobytes = async (id: string, on = page) =>
    Number((await on.locator(`#${id}-bytes`).textContent())?.replace(/,| kB$/g, ""));

  it("tells what came over the wire", async () => {
    const sum = (part: (path: string) => boolean) =>
      [...fetched].reduce((bytes, [path, size]) => bytes + (part(path) ? size : 0), 0) / 1000;
    const isRuntime = (path: string) => path.includes("/runtime/dist/");
    expect(await kilobytes("network")).toBe(Math.round(esp.length / 1000));
    expect(await kilobytes("runtime")).toBeCloseTo(sum(isRuntime), -1);
    expect(await kilobytes("page")).toBeCloseTo(
      sum((path) => !isRuntime(path) && path !== ESP),
      -1,
    );
    expect(await kilobytes("all")).toBeCloseTo(
      sum(() => true),
      -1,
    );
    expect(await kilobytes("peer")).toBe(4076);
  });

  it("hears what ONNX Runtime hears, frame after frame", async () => {
    const wav = readFileSync(RECORDING);
    const expected = await probabilitiesOf(onnx, samplesOf(wav));
    const heard = await page.evaluate<number[]>(`(async () => {
      const [{ VoiceDetector, FRAME }, { decodeRecording }] = await Promise.all([import("./detector.js"), import("./sound.js")]);
      const detector = await VoiceDetector.load(new URL("silero.esp", location.href));
      const bytes = Uint8Array.from(atob("${wav.toString("base64")}"), (c) => c.charCodeAt(0));
      const samples = await decodeRecording(new Blob([bytes]));
      const frame = new Float32Array(FRAME);
      return Array.from({ length: Math.ceil(samples.length / FRAME) }, (_, i) => {
        frame.fill(0);
        frame.set(samples.subarray(i * FRAME, (i + 1) * FRAME));
        return detector.hear(frame);
      });
    })()`);
    expect(heard).toHaveLength(expected.length);
    for (const [i, probability] of heard.entries())
      expect(Math.abs(probability - expected[i]), `${i}`).toBeLessThan(2e-3);
    expect(expected.some((probability) => probability > 0.9)).toBe(true);
    expect(expected.some((probability) => probability < 0.1)).toBe(true);
  });

  it("finds the sentences of the sample", async () => {
    await page.click("#sample");
    await expect
      .poll(() => text("summary"), WAIT)
      .toMatch(/^Somebody speaks 4 times, [78]\.\d s in all, in a recording of 11\.\d s\.$/);
    const stretches = await page.locator("#stretches button").allTextContents();
    const times = stretches.map((stretch) => stretch.match(/[\d.]+/g)?.map(Number));
    expect(times).toHaveLength(4);
    for (const [i, [from, to]] of [
      [0.6, 1.9],
      [2, 3.7],
      [4.8, 7.6],
      [8.6, 10.8],
    ].entries()) {
      expect(times[i]?.[0]).toBeCloseTo(from, 0);
      expect(times[i]?.[1]).toBeCloseTo(to, 0);
    }
    expect(await page.locator("#drawing").getAttribute("aria-label")).toBe(await text("summary"));
    expect(await text("time")).toMatch(/^One frame, 32 ms of sound, is heard in [\d.]+ ms\.$/);
    expect(await barriersIn(page)).toEqual([]);
  });

  it("takes a recording that is chosen, and no other files", async () => {
    await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no sound") });
    await expect.poll(() => text("message")).toBe("notes.txt is not a recording that this browser can read.");
    await page.setInputFiles("#file", RECORDING);
    await expect.poll(() => text("summary"), WAIT).toMatch(/^Somebody speaks .* in a recording of 10\.0 s\.$/);
    expect(await text("message")).toBe("");
  });

  it("listens to the microphone until it is told to stop", async () => {
    await page.click("#microphone");
    const said = new Set<string>();
    const heardBoth = async () => {
      said.add(await text("now"));
      return said.has("somebody speaks") && said.has("nobody speaks");
    };
    await expect.poll(heardBoth, WAIT).toBe(true);
    expect(await page.locator("#microphone").getAttribute("aria-pressed")).toBe("true");
    await page.click("#microphone");
    expect(await text("summary")).toBe("The microphone is off.");
    expect(await page.locator("#microphone").getAttribute("aria-pressed")).toBe("false");
    expect(complaints).toEqual([]);
  });

  it.each([44_100, 48_000, 16_000, 8_000])("brings %i samples a second to 16,000", async (rate) => {
    // A tone that both rates hold stays; one above half of the lower is gone.
    const [kept, gone] = await page.evaluate<[number, number]>(`(async () => {
      const { Resampler } = await import("./resample.js");
      const tone = (frequency, rate) => Float32Array.from({ length: rate / 2 }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));
      const made = (frequency) => {
        const [resampler, samples, found] = [new Resampler(${rate}, 16000), tone(frequency, ${rate}), []];
        for (let i = 0; i < samples.length; i += 128) found.push(...resampler.push(samples.subarray(i, i + 128)));
        return found;
      };
      const right = tone(1000, 16000);
      const middle = (samples) => samples.slice(1000, 7000);
      const most = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return [
        most(middle(made(1000)).map((value, i) => value - right[1000 + i])),
        ${rate > 20_000} ? most(middle(made(10000))) : 0,
      ];
    })()`);
    expect(kept).toBeLessThan(1e-3);
    expect(gone).toBeLessThan(1e-3);
  });

  it("says what to do where there is no network", async () => {
    const bare = await serveRepository();
    const other = await browser.newPage();
    try {
      await other.goto(`${bare.address}${FOLDER}/`);
      await expect
        .poll(() => other.locator("#message").textContent(), WAIT)
        .toMatch(/silero\.esp is not there: README\.md/);
      expect(await other.locator("#sample").isDisabled()).toBe(true);
    } finally {
      await other.close();
      bare.close();
    }
  });

  it("is small as a site ships it: the runtime and the page are under 80 kB", async () => {
    const site = await serveRepository({ files: { [ESP]: esp }, shipped: true });
    const other = await browser.newPage();
    try {
      await other.goto(`${site.address}${FOLDER}/`);
      await other.waitForSelector("#sample:enabled", WAIT);
      const [runtime, own] = [await kilobytes("runtime", other), await kilobytes("page", other)];
      expect(runtime).toBeGreaterThan(20);
      expect(own).toBeGreaterThan(2);
      expect(runtime + own).toBeLessThan(80);
    } finally {
      await other.close();
      site.close();
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
