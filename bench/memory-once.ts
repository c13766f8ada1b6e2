/**
 * One side of the benchmark `memory`, in a process of its own, with --expose-gc: prints, as JSON, by how many bytes the
 * process grew when a model was loaded, when it had run once, and at most.
 */
import { readFileSync } from "node:fs";
import type { Network } from "../packages/runtime/src/network/network.ts";

const [side, path, dims] = process.argv.slice(2);
const shape = dims.split("x").map(Number);
const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);

/** Resident bytes when all garbage is gone. */
async function resident(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss();
}

const peak = () => 1024 * process.resourceUsage().maxRSS;

async function ours() {
  const { Network } = await import("../packages/runtime/src/network/network.ts");
  const before = await resident();
  // The bytes of the file are gone afterwards.
  const network: Network = await Network.load(new Uint8Array(readFileSync(path)));
  const loaded = (await resident()) - before;
  network.run({ [network.inputs[0]]: { dims: shape, data } });
  const ran = (await resident()) - before;
  return { loaded, ran, peak: peak() - before, memory: network.memory };
}

async function web() {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const before = await resident();
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(path)));
  const loaded = (await resident()) - before;
  await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", data, shape) });
  return { loaded, ran: (await resident()) - before, peak: peak() - before };
}

process.stdout.write(JSON.stringify(await (side === "ours" ? ours() : web())));
