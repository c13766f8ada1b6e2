/**
 * From how much work on is it worth to share it between two threads?
 *
 * A dense product with a vector, [rows, 256], and a dense convolution over 400 places, on the caller's thread alone and
 * shared out, in turns; microseconds are medians. `WORTH_SHARING` in `network/matrix.ts` is what they say.
 */
import Table from "cli-table3";
import { median } from "../packages/espalier/src/median.ts";
import { type Call, invoke } from "../packages/runtime/src/kernels/crew.ts";
import { machine } from "../packages/runtime/src/kernels/machine.ts";
import { share } from "../packages/runtime/src/kernels/share.ts";

const TURNS = 9;
const RUNS = 200;
const COLUMNS = 256;
const [TAPS, PLACES] = [16, 400];

const on = await machine({ threads: 2 });
if (!on.crew) throw new Error("There is one thread only.");
const { heap, kernels } = on;
const most = 2 ** 20;
const [weights, input, output, bias] = [4 * most, 4 * most, 4 * most, 4 * most].map((bytes) => heap.allocate(bytes));
for (const at of [weights, input, bias]) heap.floats(at, most).fill(0.5);
const offsets = heap.allocate(4 * TAPS);
heap.int32s(offsets, TAPS).set(Array.from({ length: TAPS }, (_, tap) => 4 * tap));

type Kernel = (from: number, rows: number) => Call;
const product: Kernel = (from, rows) =>
  ["multiply", rows, COLUMNS, weights + 4 * from * COLUMNS, bias, input, output + 4 * from, 0] as const;
const convolution: Kernel = (from, rows) => {
  const [own, to] = [weights + 4 * from * TAPS, output + 4 * from * PLACES];
  return ["correlateDense", rows, TAPS, own, bias, offsets, input, to, PLACES, 0] as const;
};

function timeOf(run: () => void): number {
  const start = performance.now();
  for (let i = 0; i < RUNS; i++) run();
  return (1000 * (performance.now() - start)) / RUNS;
}

const table = new Table({
  head: ["", "products", "alone, us", "shared", "faster"],
  style: { head: [], border: [], compact: true },
});
for (const [name, kernel, each] of [
  ["product", product, COLUMNS],
  ["convolution", convolution, TAPS * PLACES],
] as const) {
  for (const products of [12_500, 25_000, 50_000, 100_000, 200_000, 400_000]) {
    const rows = Math.max(2, 4 * Math.round(products / each / 4));
    const cut = (part: number) => 4 * Math.round((part * rows) / 4);
    const runs = [() => invoke(kernels, kernel(0, rows)), () => share(on, rows, true, kernel, cut)];
    const times: number[][] = [[], []];
    for (let turn = 0; turn < TURNS; turn++) for (const [i, run] of runs.entries()) times[i].push(timeOf(run));
    const [alone, shared] = times.map(median);
    table.push([name, rows * each, alone.toFixed(1), shared.toFixed(1), `${(alone / shared).toFixed(2)}x`]);
  }
}
on.crew.release();
process.stdout.write(`${table.toString()}\n`);
