import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conv2d, dense, flatten, relu, sequential, writeModel } from "../../packages/espalier/src/index.ts";
import { Network } from "../../packages/runtime/src/index.ts";
import { FLAGS, findChromium } from "../examples/browser.ts";
import { serveRepository } from "../examples/serve.ts";

const executablePath = findChromium();
if (executablePath === undefined) {
  console.warn("Policies of pages are not tried: there is no Chromium here (Debian: apt-get install chromium).");
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
const DIMS = [1, 1, 12, 12];
/** Of no policy must the page wait for a worker that will not start, ms. */
const SOON = 4000;

/** What the page found: of each choice of kernels and threads what ran, or why nothing did. */
interface Found {
  readonly kind: string;
  readonly threads: number;
  readonly numbers: readonly number[];
  readonly milliseconds: number;
  readonly refusal: string;
}

/** The page's script: policies forbid to put one in the page, or to evaluate one. */
const SCRIPT = `
import { Network } from "/packages/runtime/dist/index.js";
import { machine } from "/packages/runtime/dist/kernels/machine.js";
const bytes = new Uint8Array(await (await fetch("/strict/model.onnx")).arrayBuffer());
const data = Float32Array.from({ length: ${DIMS.join(" * ")} }, (_, i) => Math.sin(i));
const seek = async (options) => {
  const start = performance.now();
  const network = await Network.load(bytes, options);
  const [output] = network.outputs;
  const numbers = [...network.run({ [network.inputs[0]]: { dims: [${DIMS}], data } })[output].data];
  const milliseconds = performance.now() - start;
  network.release();
  const { kind, crew } = await machine(options);
  crew?.release();
  return { kind, threads: network.threads, numbers, milliseconds, refusal: "" };
};
const found = [];
for (const options of [{}, { threads: 2 }, { kernels: "simd" }, { kernels: "simd", threads: 2 }]) {
  found.push(await seek(options).catch((error) => ({ numbers: [], refusal: String(error) })));
}
document.body.textContent = JSON.stringify(found);
`;

describe.skipIf(executablePath === undefined)("a network in a page of Chromium", () => {
  const layers = [conv2d(6, 3), relu(), flatten(), dense(5)];
  const model = writeModel(sequential(layers, { name: "small", input: DIMS.slice(1), seed: 1 }));
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const files = {
    "/strict/index.html": utf8('<!doctype html><script type="module" src="page.js"></script><body></body>'),
    "/strict/page.js": utf8(SCRIPT),
    "/strict/model.onnx": model,
  };
  let browser: Browser;
  let expected: readonly number[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: FLAGS });
    const data = Float32Array.from({ length: DIMS.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
    const network = await Network.load(model, { kernels: "plain" });
    const { [network.outputs[0]]: output } = network.run({ [network.inputs[0]]: { dims: DIMS, data } });
    expected = Array.from(output.data, Number);
  }, START);
  afterAll(() => browser?.close());

  /** What a page finds under a policy, in the order of its choices. */
  async function under(policy: string | undefined, isolated: boolean): Promise<Found[]> {
    const server = await serveRepository({ files, isolated, policy });
    const page = await browser.newPage();
    try {
      await page.goto(`${server.address}/strict/`);
      const body = page.locator("body");
      await expect.poll(() => body.textContent(), { timeout: 30_000 }).toMatch(/^\[/);
      return JSON.parse((await body.textContent()) ?? "");
    } finally {
      await page.close();
      server.close();
    }
  }

  function expectRuns({ kind, threads, numbers, milliseconds }: Found, as: { kind: string; threads: number }) {
    expect({ kind, threads }).toEqual(as);
    expect(numbers).toHaveLength(expected.length);
    for (const [i, value] of numbers.entries()) expect(value).toBeCloseTo(expected[i], 5);
    expect(milliseconds).toBeLessThan(SOON);
  }

  it("runs on the threads that it asks for where it is isolated", async () => {
    const found = await under(undefined, true);
    for (const [i, threads] of [1, 2, 1, 2].entries()) expectRuns(found[i], { kind: "simd", threads });
  });

  it("runs on one thread where memory cannot be shared", async () => {
    for (const one of await under(undefined, false)) expectRuns(one, { kind: "simd", threads: 1 });
  });

  it("runs on one thread where workers are forbidden", async () => {
    const found = await under("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'", true);
    for (const one of found) expectRuns(one, { kind: "simd", threads: 1 });
  });

  it("runs on one thread where workers may not be made of text", async () => {
    const found = await under("script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'", true);
    for (const one of found) expectRuns(one, { kind: "simd", threads: 1 });
  });

  it("runs by the plain kernels where WebAssembly may not be compiled", async () => {
    const found = await under("script-src 'self'; worker-src 'none'", true);
    for (const one of found.slice(0, 2)) expectRuns(one, { kind: "plain", threads: 1 });
    for (const { refusal } of found.slice(2))
      expect(refusal).toMatch(/^UserError: WebAssembly SIMD is not available here/);
  });
});
