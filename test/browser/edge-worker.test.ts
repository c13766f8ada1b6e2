import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conv2d, dense, flatten, relu, sequential, writeModel } from "../../packages/espalier/src/index.ts";
import { Network } from "../../packages/runtime/src/index.ts";

const RUNTIME = join(import.meta.dirname, "../../packages/runtime");
const workerd = findWorkerd();
if (workerd === undefined) {
  console.warn("The runtime is not tried in an edge worker: there is no workerd here (npm install --no-save workerd).");
}

/** Where the engine of edge workers is: in `WORKERD`, or among the packages of the repository. */
function findWorkerd(): string | undefined {
  if (process.env.WORKERD !== undefined) return process.env.WORKERD;
  const from = createRequire(import.meta.url);
  const system = `${process.platform}-${process.arch === "x64" ? "64" : process.arch}`;
  try {
    const path = from.resolve(`@cloudflare/workerd-${system}/bin/workerd`);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

const DIMS = [1, 1, 12, 12];

/** Runs the model that is posted, as the address says, on sines. */
const WORKER = `
import { Network } from "./index.ts";
import { machine } from "./kernels/machine.ts";
import module from "espalier-runtime/kernels.wasm";
const CHOICES = { given: { kernels: module }, chosen: {}, threads: { threads: 2 }, simd: { kernels: "simd" } };
export default {
  async fetch(request) {
    const options = CHOICES[new URL(request.url).pathname.slice(1)];
    try {
      const network = await Network.load(new Uint8Array(await request.arrayBuffer()), options);
      const data = Float32Array.from({ length: ${DIMS.join(" * ")} }, (_, i) => Math.sin(i));
      const found = network.run({ [network.inputs[0]]: { dims: [${DIMS}], data } })[network.outputs[0]];
      const { kind } = await machine(options);
      return Response.json({ kind, threads: network.threads, numbers: [...found.data] });
    } catch (error) {
      return Response.json({ refusal: String(error) });
    }
  },
};
`;

const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "worker.js", esModule = embed "worker.js"),
      (name = "espalier-runtime/kernels.wasm", wasm = embed "kernels.wasm"),
    ],
    compatibilityDate = "2025-01-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;

describe.skipIf(workerd === undefined)("a network in an edge worker", () => {
  const layers = [conv2d(6, 3), relu(), flatten(), dense(5)];
  const model = writeModel(sequential(layers, { name: "small", input: DIMS.slice(1), seed: 1 }));
  const folder = mkdtempSync(join(tmpdir(), "espalier-workerd-"));
  let engine: ChildProcess;
  let address: string;
  let expected: readonly number[];

  beforeAll(async () => {
    await build({
      stdin: { contents: WORKER, resolveDir: join(RUNTIME, "src"), loader: "ts" },
      bundle: true,
      format: "esm",
      external: ["*.wasm"],
      outfile: join(folder, "worker.js"),
    });
    copyFileSync(join(RUNTIME, "kernels.wasm"), join(folder, "kernels.wasm"));
    writeFileSync(join(folder, "config.capnp"), CONFIG);
    engine = spawn(workerd ?? "", ["serve", "config.capnp", "--control-fd=3"], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    address = `http://127.0.0.1:${await portOf(engine)}`;
    const data = Float32Array.from({ length: DIMS.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
    const network = await Network.load(model, { kernels: "plain" });
    const { [network.outputs[0]]: output } = network.run({ [network.inputs[0]]: { dims: DIMS, data } });
    expected = Array.from(output.data, Number);
  });
  afterAll(() => {
    engine?.kill();
    rmSync(folder, { recursive: true });
  });

  const found = async (choice: string) => {
    const response = await fetch(`${address}/${choice}`, { method: "POST", body: Uint8Array.from(model) });
    return (await response.json()) as { kind: string; threads: number; numbers: number[]; refusal?: string };
  };

  it.each([
    ["kernels that are given", "given", "simd"],
    ["the plain kernels where none are given", "chosen", "plain"],
    ["one thread where it asks for two", "threads", "plain"],
  ])("runs by %s", async (_, choice, kind) => {
    const { numbers, ...as } = await found(choice);
    expect(as).toEqual({ kind, threads: 1 });
    expect(numbers).toHaveLength(expected.length);
    for (const [i, value] of numbers.entries()) expect(value).toBeCloseTo(expected[i], 5);
  });

  it("refuses to compile kernels", async () => {
    expect((await found("simd")).refusal).toMatch(/^UserError: WebAssembly SIMD is not available here/);
  });
});

/** The port that the engine listens on, as it says on its control stream. */
async function portOf({ stdio }: ChildProcess): Promise<number> {
  const [, , , control] = stdio;
  if (!(control instanceof Readable)) throw new Error("workerd has no control stream.");
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return port;
  }
  throw new Error("workerd ended before it listened.");
}
