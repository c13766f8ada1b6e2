import { existsSync, readFileSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES, type Feeds, zoo } from "../../packages/runtime/test/zoo.ts";
import { FLAGS, findChromium } from "../examples/browser.ts";
import { type RepositoryServer, serveRepository } from "../examples/serve.ts";

const executablePath = findChromium();
const skipped = executablePath === undefined || !existsSync(zoo);
if (skipped) {
  const missing = existsSync(zoo) ? "no Chromium here (Debian: apt-get install chromium)" : "no ../shared";
  console.warn(`Networks that people ship are not run in a browser: there is ${missing}.`);
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
/** Outputs may differ by so much of the largest. */
const TOLERANCE = 1e-4;
/** Runs of one network, in which a state that comes out goes in again. */
const RUNS = 3;

/** What the page found of one output in one run. */
interface Compared {
  readonly output: string;
  readonly dims: readonly [ours: readonly number[], theirs: readonly number[]];
  /** Of the largest number of onnxruntime-web. */
  readonly difference: number;
}

/** The page's script: runs a network in both runtimes, `inputs` by their names, each with the address of its numbers. */
const SCRIPT = `
import { open } from "espalier-runtime";
import * as ort from "onnxruntime-web/wasm";
const bytesOf = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const ARRAYS = { float32: Float32Array, int64: BigInt64Array };
export async function compare({ model, inputs, runs }) {
  const bytes = await bytesOf(model);
  const [feeds, fixed, theirs] = [{}, {}, {}];
  for (const { name, type, dims, path } of inputs) {
    const data = new ARRAYS[type]((await bytesOf(path)).buffer);
    if (type === "int64") fixed[name] = data[0];
    else feeds[name] = { dims, data };
    theirs[name] = new ort.Tensor(type, data, dims);
  }
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const network = await open(bytes, { onnxruntime: () => { throw new Error("It is for ONNX Runtime."); }, fixed });
  const compared = [];
  for (let i = 0; i < runs; i++) {
    const [found, right] = [await network.run(feeds), await session.run(theirs)];
    for (const [output, { dims, data }] of Object.entries(right)) {
      let [most, difference] = [0, 0];
      for (const [k, value] of data.entries()) {
        most = Math.max(most, Math.abs(value));
        difference = Math.max(difference, Math.abs(value - found[output].data[k]));
      }
      compared.push({ output, dims: [found[output].dims, dims], difference: difference / most });
    }
    if ("stateN" in right) [feeds.state, theirs.state] = [found.stateN, right.stateN];
  }
  await network.release();
  await session.release();
  return compared;
}
`;

describe.skipIf(skipped)("in Chromium", () => {
  const files: Record<string, Uint8Array> = { "/zoo/compare.js": new TextEncoder().encode(SCRIPT) };
  let server: RepositoryServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await serveRepository({ files });
    browser = await chromium.launch({ executablePath, args: FLAGS });
  }, START);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Puts what is fed where the page finds it. */
  function served(feeds: Feeds) {
    return Object.entries(feeds).map(([name, { dims, data }]) => {
      const path = `/zoo/${name}.bin`;
      files[path] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return { name, type: data instanceof BigInt64Array ? "int64" : "float32", dims, path };
    });
  }

  it.each(CASES)("%s is computed as onnxruntime-web does (../shared/zoo)", async (name, make) => {
    files["/zoo/model.onnx"] = readFileSync(new URL(`${name}.onnx`, zoo));
    const task = { model: "/zoo/model.onnx", inputs: served(await make()), runs: RUNS };
    // A page of its own: the memory of a large network goes with it.
    const page = await browser.newPage();
    try {
      await page.goto(`${server.address}/bench/browser/`);
      const compared = await page.evaluate<Compared[]>(
        `import("/zoo/compare.js").then(({ compare }) => compare(${JSON.stringify(task)}))`,
      );
      expect(compared.length).toBeGreaterThanOrEqual(RUNS);
      for (const { output, dims, difference } of compared) {
        expect(dims[0], output).toEqual(dims[1]);
        expect(difference, output).toBeLessThan(TOLERANCE);
      }
    } finally {
      await page.close();
    }
  });
});
