import { Network } from "espalier/runtime";
import * as ort from "onnxruntime-web/wasm";

/**
 * Runs a model in both runtimes, in turns.
 * @param {{ model: string, dims: number[], threads: number, turns: number, turn: number }} task
 *   the model's address, the shape of its input, and how many turns of how many milliseconds
 * @returns {Promise<{ ours: number[], web: number[], difference: number }>} milliseconds of one run, turn by turn, and
 *   the largest difference of the outputs, of the largest output
 */
export async function measure({ model, dims, threads, turns, turn }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => 2 * Math.random() - 1);
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(bytes);
  const network = await Network.load(bytes, { threads });
  if (network.threads !== threads) throw new Error(`The network has ${network.threads} threads.`);
  const [input] = network.inputs;
  const [output] = network.outputs;
  const runs = [
    () => network.run({ [input]: { dims, data } }),
    () => session.run({ [input]: new ort.Tensor("float32", data, dims) }),
  ];
  const [found, expected] = [(await runs[0]())[output].data, (await runs[1]())[output].data];
  const most = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const difference = most(expected.map((value, i) => value - found[i])) / most(expected);
  const times = runs.map(() => []);
  for (let i = 0; i < turns; i++) for (const [k, run] of runs.entries()) times[k].push(await timeOf(run, turn));
  network.release();
  await session.release();
  return { ours: times[0], web: times[1], difference };
}

/** Milliseconds of one run: as many as a turn has room for, as a page's clock is too coarse for some. */
async function timeOf(run, turn) {
  const start = performance.now();
  for (let runs = 1; ; runs++) {
    await run();
    const spent = performance.now() - start;
    if (spent >= turn && runs >= 3) return spent / runs;
  }
}
