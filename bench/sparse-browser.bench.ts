/**
 * How fast does a pruned network run from its sparse form in a page, beside the dense one?
 *
 * Ours and onnxruntime-web (WebAssembly) on one page of headless Chromium, on one thread, or with `--two-threads` on two
 * (the page is cross-origin isolated); in turns, milliseconds are medians over them. A name as argument picks cases;
 * `--json` prints the numbers.
 */
import Table from "cli-table3";
import { chromium, type Page } from "playwright-core";
import { median } from "../packages/espalier/src/median.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { FLAGS, findChromium } from "../test/examples/browser.ts";
import { serveRepository } from "../test/examples/serve.ts";
import { type CaseBuilder, cases, densityOf } from "./sparse-cases.ts";

const TURNS = 15;
/** How long one turn of one runtime takes at least, ms. */
const TURN = 60;
/** Outputs may differ by so much of the largest. */
const TOLERANCE = 1e-4;

interface Measured {
  readonly name: string;
  readonly density: number;
  readonly ours: number;
  readonly web: number;
}

const flags = process.argv.slice(2);
const threads = flags.includes("--two-threads") ? 2 : 1;
const wanted = flags.find((flag) => !flag.startsWith("--")) ?? "";

const executablePath = findChromium();
if (!executablePath) throw new Error("There is no Chromium here: install it (Debian: apt-get install chromium).");
const files: Record<string, Uint8Array> = {};
const server = await serveRepository({ files, isolated: true });
const browser = await chromium.launch({ executablePath, args: FLAGS });
const results: Measured[] = [];
try {
  for (const one of cases.filter(({ name }) => name.includes(wanted))) {
    // A page of its own: the memory of a large network goes with it.
    const page = await browser.newPage();
    await page.goto(`${server.address}/bench/browser/`);
    results.push(await measure(page, one));
    await page.close();
    process.stderr.write(`${one.name}\n`);
  }
} finally {
  await browser.close();
  server.close();
}
if (flags.includes("--json")) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
else print();

async function measure(page: Page, { name, build }: CaseBuilder): Promise<Measured> {
  const model = build();
  files["/model.onnx"] = writeModel(model);
  const dims = [1, ...(model.inputs[0].shape ?? []).slice(1).map(Number)];
  const task = { model: "/model.onnx", dims, threads, turns: TURNS, turn: TURN };
  const { ours, web, difference } = await page.evaluate<{ ours: number[]; web: number[]; difference: number }>(
    `import("/bench/browser/measure.js").then(({ measure }) => measure(${JSON.stringify(task)}))`,
  );
  if (!(difference < TOLERANCE)) throw new Error(`The outputs of ${name} differ by ${difference} of the largest.`);
  return { name, density: densityOf(model), ours: median(ours), web: median(web) };
}

function print(): void {
  const table = new Table({
    head: ["", "density", "ours, ms", "onnxruntime-web", "faster"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, density, ours, web } of results) {
    const times = [ours, web].map((time) => time.toPrecision(3));
    table.push([name, `${(100 * density).toFixed(1)}%`, ...times, `${(web / ours).toFixed(1)}x`]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
