/**
 * How fast do networks that people ship run as they come, beside onnxruntime-web?
 *
 * The networks of `../shared/zoo` with the inputs of the tests, on one thread, both runtimes in turns within one process.
 * Milliseconds are medians. A name, or a part of one, is for some networks only; `--json` prints the numbers.
 */
import { existsSync, readFileSync } from "node:fs";
import Table from "cli-table3";
import * as ort from "onnxruntime-web";
import { median } from "../packages/espalier/src/median.ts";
import { Network } from "../packages/runtime/src/index.ts";
import { CASES, type Feeds, zoo } from "../packages/runtime/test/zoo.ts";
import { timesOf } from "./measure.ts";

const TURNS = 7;
/** Runs of each runtime in a turn, after those that warm up. */
const RUNS = 10;

interface Measured {
  readonly name: string;
  readonly ours: number;
  readonly web: number;
}

async function measure(name: string, feeds: Feeds): Promise<Measured> {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.onnx`, zoo)));
  const network = await Network.load(bytes);
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([input, { dims, data }]) => [
      input,
      data instanceof BigInt64Array
        ? new ort.Tensor("int64", data, dims)
        : new ort.Tensor("float32", Float32Array.from(data, Number), dims),
    ]),
  );
  const runs = [async () => network.run(feeds), () => session.run(tensors)];
  const times: number[][] = runs.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, run] of runs.entries()) times[i].push(median(await timesOf(run, RUNS, turn === 0 ? 5 : 1)));
  }
  network.release();
  await session.release();
  const [ours, web] = times.map(median);
  return { name, ours, web };
}

const flags = process.argv.slice(2);
const wanted = flags.find((flag) => !flag.startsWith("--")) ?? "";
if (!existsSync(zoo)) throw new Error(`There are no networks in ${zoo.pathname}: nothing can be measured.`);
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";
const results: Measured[] = [];
for (const [name, feeds] of CASES.filter(([name]) => name.includes(wanted))) {
  results.push(await measure(name, await feeds()));
}

if (flags.includes("--json")) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
else {
  const table = new Table({
    head: ["", "ours, ms", "onnxruntime-web", "faster"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, ours, web } of results) {
    table.push([name, ours.toPrecision(3), web.toPrecision(3), `${(web / ours).toFixed(2)}x`]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
