/**
 * How long does a pass take over a layer as wide as AlexNet's fc6, each of whose rows has connections of its own?
 *
 * 4,096 rows of 9,216 columns and a bias, with the 9% of connections that Deep Compression keeps, on moments of inputs
 * that have much in common. Some rows are factored by plain loops, as they were before there was a kernel, and by the
 * kernel: seconds of the processor, which others on the machine hardly lengthen. Then a whole pass, which decides every
 * connection and sums up what the values of the codebook are refitted by, on two workers.
 *
 *     npm run bench -- fitting [rows of the pass, default 4096]
 */
import Table from "cli-table3";
import { localExecutor } from "../packages/espalier/src/jobs/local.ts";
import { random } from "../packages/espalier/src/random.ts";
import { workspace } from "../packages/espalier/src/reconstruction/kernels/kernels.ts";
import { decide } from "../packages/espalier/src/sharing/reconstruction/row-jobs.ts";
import { Rows } from "../packages/espalier/src/sharing/reconstruction/rows.ts";
import { entry } from "../packages/espalier/test/jobs/entry.ts";

const ROWS = 4096;
const COLUMNS = 9217;
const DENSITY = 0.09;
/** Inputs in common. */
const FACTORS = 16;
/** Rows that both ways of factoring are timed on. */
const SAMPLE = 6;
const WORKERS = 2;

const pass = Number(process.argv[2] ?? ROWS);

function moments(): Float32Array {
  const { normal } = random(1, "factors");
  const factors = Float64Array.from({ length: COLUMNS * FACTORS }, normal);
  const second = new Float32Array(new SharedArrayBuffer(4 * COLUMNS * COLUMNS));
  for (let i = 0; i < COLUMNS; i++) {
    for (let j = i; j < COLUMNS; j++) {
      let sum = i === j ? 1 : 0;
      for (let k = 0; k < FACTORS; k++) sum += factors[i * FACTORS + k] * factors[j * FACTORS + k];
      second[i * COLUMNS + j] = sum;
      second[j * COLUMNS + i] = sum;
    }
  }
  return second;
}

/** Cholesky's decomposition, one element after the other. */
function factorPlainly(r: Float64Array, n: number): void {
  for (let k = n - 1; k >= 0; k--) {
    for (let i = k; i >= 0; i--) {
      let left = r[i * n + k];
      for (let j = k + 1; j < n; j++) left -= r[i * n + j] * r[k * n + j];
      r[i * n + k] = i === k ? Math.sqrt(left) : left / r[k * n + k];
    }
  }
}

/** Seconds of the processor, the least of the sample. */
function secondsOf(work: (row: number) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row < SAMPLE; row++) {
    const start = process.cpuUsage();
    work(row);
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

const second = moments();
const diagonal = Float32Array.from({ length: COLUMNS }, (_, i) => second[i * COLUMNS + i]);
const { uniform, normal } = random(1, "weights");
const mask = Uint8Array.from({ length: pass * COLUMNS }, (_, i) =>
  i % COLUMNS === COLUMNS - 1 || uniform() < DENSITY ? 1 : 0,
);
const wanted = Float32Array.from(mask, (kept) => (kept === 0 ? 0 : 0.01 * normal()));
const shape = { groups: 1, rows: pass, columns: COLUMNS };
const rows = new Rows({ shape, second, diagonal, mask, fixed: 1, from: 0, to: pass });

const space = workspace();
const plain = secondsOf((row) => {
  const columns = rows.columns(row);
  const n = columns.length;
  const r = Float64Array.from({ length: n * n }, (_, at) =>
    rows.moment(row, columns[Math.floor(at / n)], columns[at % n]),
  );
  factorPlainly(r, n);
});
const kernel = secondsOf((row) => {
  const [triangle] = space.arrays(rows.live(row) ** 2);
  rows.factor(row, triangle, space);
});

let operations = 0;
let live = 0;
for (let row = 0; row < pass; row++) {
  live += rows.live(row);
  operations += rows.live(row) ** 3 / 3;
}
const perRow = operations / pass;

const entries = Array.from({ length: 33 }, (_, i) => ({ value: (i - 16) / 500, count: 1, mass: 0 }));
const executor = localExecutor({ workers: WORKERS, kind: "thread", entry });
const startedAt = performance.now();
const start = process.cpuUsage();
await decide(rows, wanted, entries, 1e-6, { executor });
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(start);
await executor.release();

const table = new Table({
  head: ["", "ms a row", "GFLOP/s", "whole pass, s of the processor"],
  colAligns: ["left", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
const whole = (seconds: number) => `${(seconds * pass).toFixed(0)} (estimated)`;
table.push(
  ["factored by plain loops", (1e3 * plain).toFixed(1), (perRow / plain / 1e9).toFixed(1), whole(plain)],
  ["factored by the kernel", (1e3 * kernel).toFixed(1), (perRow / kernel / 1e9).toFixed(1), whole(kernel)],
  ["decided and summed up", "", "", ((user + system) / 1e6).toFixed(0)],
);
process.stdout.write(
  `${pass} rows of ${Math.round(live / pass)} connections: ${(operations / 1e9).toFixed(0)} GFLOP of factors.\n` +
    `${table.toString()}\n` +
    `The kernel is ${(plain / kernel).toFixed(1)} times as fast. A pass took ${seconds.toFixed(0)} s on ${WORKERS} workers; ` +
    `at its peak the process had ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(1)} GB.\n`,
);
