import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { FLAGS, findChromium } from "../../../test/examples/browser.ts";
import { type StudioServer, serveStudio } from "../../espalier/src/cli/studio/serve.ts";

export const executablePath = findChromium();
if (executablePath === undefined) {
  console.warn("The studio is not tried: there is no Chromium here (Debian: apt-get install chromium).");
}

/** A browser may take so long to start on a busy machine, and the page to be built, ms. */
export const START = 120_000;

/** The studio, built from the sources, in a browser. */
export interface OpenStudio {
  readonly browser: Browser;
  readonly server: StudioServer;
  /** A page of its own, with storage of its own, and all that went wrong in it. */
  page(): Promise<{ readonly page: Page; readonly context: BrowserContext; readonly faults: string[] }>;
  /** Bytes that a first visit loads, packed, by kind of file; the engine's are not among them. */
  firstLoad(page: Page): number;
  close(): Promise<void>;
}

/** Builds the page into a folder that is gone afterwards, serves it, and starts a browser. */
export async function openStudio(): Promise<OpenStudio> {
  const outDir = mkdtempSync(join(tmpdir(), "espalier-studio-"));
  const configFile = new URL("../vite.config.ts", import.meta.url).pathname;
  await build({ configFile, logLevel: "warn", build: { outDir, emptyOutDir: true } });
  const server = await serveStudio(0, outDir);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const loaded = new Map<Page, Set<string>>();
  return {
    browser,
    server,
    async page() {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
      const page = await context.newPage();
      const faults: string[] = [];
      const own = new Set<string>();
      loaded.set(page, own);
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") faults.push(message.text());
      });
      page.on("request", (request) => own.add(request.url()));
      await page.goto(server.address);
      return { page, context, faults };
    },
    firstLoad(page) {
      let bytes = 0;
      for (const url of loaded.get(page) ?? []) {
        const path = url.startsWith(server.address) ? url.slice(server.address.length) || "index.html" : undefined;
        if (path === undefined) throw new Error(`The page asks another host: ${url}`);
        if (path.startsWith("ort/")) continue;
        const contents = readFileSync(join(outDir, path));
        bytes += extname(path) === ".gz" ? contents.length : gzipSync(contents).length;
      }
      return bytes;
    },
    async close() {
      await browser.close();
      server.close();
      rmSync(outDir, { recursive: true });
    },
  };
}

/** The files of a folder by their names, as a page is given them. */
export const filesIn = (folder: string, ending: RegExp) =>
  readdirSync(folder)
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));
