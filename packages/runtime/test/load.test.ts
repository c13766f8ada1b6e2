import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "../../espalier/src/coding/encode.ts";
import { nodeEngine } from "../../espalier/src/engine/node.ts";
import { lenet300100 } from "../../espalier/src/models/lenet-300-100.ts";
import { isFloat32 } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { random } from "../../espalier/src/random.ts";
import { load, Network, type Progress, type Source, UserError } from "../src/index.ts";

const model = lenet300100({ seed: 1 });
const { uniform } = random(1, "cut");
for (const tensor of model.initializers.values()) {
  if (!isFloat32(tensor)) continue;
  for (let i = 0; i < tensor.data.length; i++) if (uniform() > 0.1) tensor.data[i] = 0;
}
const onnx = writeModel(model);
const esp = encode(model);

/** Answers that a test holds back, by path. */
const held: ServerResponse[] = [];
let closed = 0;
let server: Server;
let address = "";

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    if (url === "/missing.esp") response.writeHead(404).end("<html>");
    else if (url === "/gzip.esp") response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(esp));
    else {
      response.on("close", () => closed++);
      // Half of the file, then nothing more until the test says so.
      response.writeHead(200).write(esp.subarray(0, esp.length / 2));
      held.push(response);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

const same = (file: Uint8Array) => Buffer.compare(file, onnx) === 0;

/** The sentence of a user's mistake. */
async function mistake(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

describe("load", () => {
  it.each<[string, () => Source]>([
    ["bytes", () => esp],
    ["bytes within others", () => Buffer.concat([Buffer.alloc(3), esp, Buffer.alloc(3)]).subarray(3, 3 + esp.length)],
    ["an ArrayBuffer", () => esp.slice().buffer],
    ["a Blob", () => new Blob([esp.slice()])],
    ["a Response", () => new Response(esp.slice())],
    ["an address whose answer is compressed once more", () => `${address}/gzip.esp`],
    ["an address as a URL", () => new URL("/gzip.esp", address)],
  ])("takes %s", async (_, source) => {
    expect(same(await load(source()))).toBe(true);
  });

  it("decodes while the file comes, and tells how far it is", async () => {
    const seen: Progress[] = [];
    let half = () => {};
    const halfway = new Promise<void>((resolve) => {
      half = resolve;
    });
    const loading = load(`${address}/held.esp`, {
      onProgress: (progress) => {
        seen.push(progress);
        if (progress.received >= Math.floor(esp.length / 2)) half();
      },
    });
    await halfway;
    // The header has been read although the rest is still to come.
    expect(seen.at(-1)).toEqual({ received: Math.floor(esp.length / 2), total: esp.length });
    held.pop()?.end(esp.subarray(esp.length / 2));
    expect(same(await loading)).toBe(true);
    expect(seen.at(-1)).toEqual({ received: esp.length, total: esp.length });
  });

  it("stops when it is told to, and lets the download go", async () => {
    await expect(load(esp, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    for (const source of [() => `${address}/held.esp`, () => fetch(`${address}/held.esp`)]) {
      const controller = new AbortController();
      const before = closed;
      const loading = load(await source(), {
        signal: controller.signal,
        onProgress: () => setTimeout(() => controller.abort(new Error("enough"))),
      });
      await expect(loading).rejects.toThrow("enough");
      while (closed === before) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it("decodes on its own thread in Node, which has no web workers", async () => {
    expect(same(await load(esp, { worker: true }))).toBe(true);
  });

  it("says what is wrong with what comes", async () => {
    expect(await mistake(load(`${address}/missing.esp`))).toMatch(/missing\.esp is not there \(status 404\)/);
    expect(await mistake(load("http://127.0.0.1:1/none.esp"))).toMatch(/none\.esp cannot be loaded/);
    expect(await mistake(load(onnx))).toMatch(/is not an \.esp file/);
    expect(await mistake(load(new Uint8Array(0)))).toMatch(/cut short: 0 bytes/);
    expect(await mistake(load(esp.subarray(0, -1)))).toMatch(`cut short: ${esp.length - 1} of ${esp.length} bytes`);
    expect(await mistake(load(Buffer.concat([esp, Buffer.alloc(1)])))).toMatch(/more than its/);
    const flipped = esp.slice();
    flipped[esp.length - 9] ^= 4;
    expect(await mistake(load(flipped))).toMatch(/a checksum does not fit/);
    const read = new Response(esp.slice());
    await read.arrayBuffer();
    expect(await mistake(load(read))).toMatch(/has been read already/);
    const cut = load(`${address}/held.esp`, { onProgress: () => held.pop()?.destroy() });
    expect(await mistake(cut)).toMatch(/held\.esp cannot be loaded/);
  });
});

it("runs a network straight from its .esp file", async () => {
  const network = await Network.load(esp);
  const [input] = network.inputs;
  const [output] = network.outputs;
  const data = Float32Array.from({ length: 784 }, uniform);
  const program = await nodeEngine({ threads: 1 }).compile(model);
  const expected = (await program.run({ [input]: { dims: [1, 1, 28, 28], dtype: "float32", data } }))[output];
  const { data: scores } = network.run({ [input]: { dims: [1, 1, 28, 28], data } })[output];
  for (const [i, score] of expected.data.entries()) expect(scores[i]).toBeCloseTo(Number(score), 4);
});
