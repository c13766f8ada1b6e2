import { Network } from "espalier-runtime";
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

/** Of an isolated page's clock, whose steps are 5 µs, so much is known to a twentieth, ms. */
const LEAST = 0.1;
/** Runs that tell how many make so much. */
const TRIALS = 10;

/** Milliseconds of one run: the median of as many as a turn has room for, several at a time where they are short. */
async function timeOf(run, turn) {
  let shortest = LEAST;
  for (let i = 0; i < TRIALS && shortest > 0; i++) shortest = Math.min(shortest, await timeOfSome(run, 1));
  const count = Math.ceil(LEAST / Math.max(shortest, LEAST / 50));
  const times = [];
  for (let spent = 0; spent < turn || times.length < 3; spent += times.at(-1)) times.push(await timeOfSome(run, count));
  return times.sort((a, b) => a - b)[times.length >> 1] / count;
}

async function timeOfSome(run, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) await run();
  return performance.now() - start;
}
