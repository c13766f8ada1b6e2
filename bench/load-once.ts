/** One side of the benchmark `load`, in a process of its own: prints the milliseconds from a file's bytes to the first output. */
import { readFileSync } from "node:fs";

const [side, path, dims] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(path));
const shape = dims.split("x").map(Number);
const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
let start: number;
if (side === "ours") {
  const { decode } = await import("../packages/runtime/src/codec/whole.ts");
  const { Network } = await import("../packages/runtime/src/network/network.ts");
  start = performance.now();
  const network = await Network.load(decode(bytes));
  network.run({ [network.inputs[0]]: { dims: shape, data } });
} else {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  start = performance.now();
  const session = await ort.InferenceSession.create(bytes);
  await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", data, shape) });
}
process.stdout.write(String(performance.now() - start));
