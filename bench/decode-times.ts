import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { FLAGS, findChromium } from "../test/examples/browser.ts";

/** Milliseconds of decodings on one thread, the first of which finds the code not yet compiled. */
export type DecodeTimes = readonly number[];

/** What a page ships, as a bundler makes it: the same code in Node and in Chromium. */
const { outputFiles } = await build({
  stdin: {
    contents: `
      import { decode } from "../src/runtime/decode.ts";
      export const timesOf = (bytes, count) => Array.from({ length: count }, () => {
        const start = performance.now();
        decode(bytes);
        return performance.now() - start;
      });`,
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

/** Decodes in a process of its own. */
export function inNode(esp: Uint8Array, count: number): DecodeTimes {
  const folder = mkdtempSync(join(tmpdir(), "espalier-decode-"));
  const once = `
    import { readFileSync } from "node:fs";
    import { timesOf } from "./decode.mjs";
    console.log(JSON.stringify(timesOf(new Uint8Array(readFileSync("model.esp")), ${count})));`;
  try {
    writeFileSync(join(folder, "model.esp"), esp);
    writeFileSync(join(folder, "decode.mjs"), bundle);
    writeFileSync(join(folder, "once.mjs"), once);
    return JSON.parse(execFileSync(process.execPath, ["once.mjs"], { cwd: folder, encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Decodes in a page of Chromium without a window; undefined where there is none. */
export async function inChromium(esp: Uint8Array, count: number): Promise<DecodeTimes | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
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
    return await page.evaluate<number[]>(`(async () => {
      const { timesOf } = await import("/decode.mjs");
      return timesOf(new Uint8Array(await (await fetch("/model.esp")).arrayBuffer()), ${count});
    })()`);
  } finally {
    await browser.close();
  }
}
