import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { FLAGS, findChromium } from "../test/examples/browser.ts";

/** Milliseconds of one decoding. */
export interface DecodeTime {
  readonly wall: number;
  /** Of the processor: what other work on the machine does not lengthen. */
  readonly processor: number;
}

/** What a page ships, as a bundler makes it: the same code in Node and in Chromium. */
const { outputFiles } = await build({
  stdin: {
    contents: 'export { decode } from "../packages/runtime/src/codec/whole.ts";',
    resolveDir: import.meta.dirname,
    loader: "ts",
  },
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  write: false,
});
const bundle = outputFiles[0].text;

const IN_NODE = `
  import { readFileSync } from "node:fs";
  import { decode } from "./decode.mjs";
  const bytes = new Uint8Array(readFileSync("model.esp"));
  const times = Array.from({ length: Number(process.argv[2]) }, () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    decode(bytes);
    const { user, system } = process.cpuUsage(before);
    return { wall: performance.now() - start, processor: (user + system) / 1000 };
  });
  console.log(JSON.stringify(times));`;

/** Decodes again and again in a process of its own; the first time finds the code not compiled yet. */
export function inNode(esp: Uint8Array, count: number): DecodeTime[] {
  const folder = mkdtempSync(join(tmpdir(), "espalier-decode-"));
  try {
    writeFileSync(join(folder, "model.esp"), esp);
    writeFileSync(join(folder, "decode.mjs"), bundle);
    writeFileSync(join(folder, "once.mjs"), IN_NODE);
    const answer = execFileSync(process.execPath, ["once.mjs", String(count)], { cwd: folder, encoding: "utf8" });
    return JSON.parse(answer);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PREPARE = `(async () => {
  const { decode } = await import("/decode.mjs");
  const bytes = new Uint8Array(await (await fetch("/model.esp")).arrayBuffer());
  globalThis.decodeOnce = () => {
    const start = performance.now();
    decode(bytes);
    return performance.now() - start;
  };
})()`;

/** The same in a page of Chromium without a window; undefined where there is none. */
export async function inChromium(esp: Uint8Array, count: number): Promise<DecodeTime[] | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    process.stderr.write("Chromium is skipped: there is none here (Debian: apt-get install chromium).\n");
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    const answers: Readonly<Record<string, { contentType: string; body: string | Buffer }>> = {
      "/": { contentType: "text/html", body: "<!doctype html>" },
      "/decode.mjs": { contentType: "text/javascript", body: bundle },
      "/model.esp": { contentType: "application/octet-stream", body: Buffer.from(esp) },
    };
    await page.route("http://localhost/**", (route) =>
      route.fulfill(answers[new URL(route.request().url()).pathname] ?? { status: 404 }),
    );
    await page.goto("http://localhost/");
    await page.evaluate(PREPARE);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable");
    /** Seconds of the processor that the page's thread has taken. */
    const processor = async () => {
      const { metrics } = await devtools.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "ThreadTime")?.value ?? Number.NaN;
    };
    const times: DecodeTime[] = [];
    for (let i = 0; i < count; i++) {
      const before = await processor();
      const wall = await page.evaluate<number>("decodeOnce()");
      times.push({ wall, processor: 1000 * ((await processor()) - before) });
    }
    return times;
  } finally {
    await browser.close();
  }
}
