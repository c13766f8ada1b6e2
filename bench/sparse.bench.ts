/**
 * How fast does a pruned network run from its sparse form, beside the dense one?
 *
 * Ours, onnxruntime-web (WebAssembly) and onnxruntime-node on one thread, or with `--two-threads` on two, in turns
 * within one process for each network; then PyTorch, dense and as a CSR matrix, in a process of its own. Milliseconds are
 * medians. A name, or a part of one, is for some networks only. `--sweep` goes through the densities of two layers
 * instead, and `--figure=FILE.svg` draws what came out; `--json` prints the numbers.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { webEngine } from "../packages/espalier/src/engine/web.ts";
import { median } from "../packages/espalier/src/median.ts";
import { sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { random } from "../packages/espalier/src/random.ts";
import { curveChart } from "../packages/espalier/src/report/curves.ts";
import { standalone } from "../packages/espalier/src/report/figure.ts";
import { Network } from "../packages/runtime/src/network/network.ts";
import { alone } from "./alone.ts";
import { type Case, cases, densityOf, sweep } from "./sparse-cases.ts";

const TURNS = 5;
const PEER_TURNS = 3;
/** How long one turn of one runtime takes at least, ms. */
const TURN = 60;
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const peerScript = fileURLToPath(new URL("peers/pytorch_layers.py", import.meta.url));

type Run = () => unknown;

interface Measured {
  readonly name: string;
  readonly batch: number;
  readonly density: number;
  readonly ours: number;
  readonly web: number;
  readonly node: number;
  readonly torch?: number;
  readonly csr?: number;
}

const flags = process.argv.slice(2);
const threads = flags.includes("--two-threads") ? 2 : 1;

async function measure({ name, model, batch }: Case): Promise<Measured> {
  const [{ name: input, shape = [] }] = model.inputs;
  const dims = [batch, ...shape.slice(1).map(Number)];
  const { normal } = random(1, "bench");
  const feed = { dtype: "float32" as const, dims, data: Float32Array.from({ length: sizeOf(dims) }, normal) };
  const network = await Network.load(writeModel(model), { threads });
  const engines = [await webEngine({ threads }), nodeEngine({ threads })];
  const programs = await Promise.all(engines.map((engine) => engine.compile(model)));
  const runs: Run[] = [
    () => network.run({ [input]: feed }),
    ...programs.map((program) => () => program.run({ [input]: feed })),
  ];
  const times: number[][] = runs.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, run] of runs.entries()) times[i].push(await timeOf(run));
  }
  const [ours, web, node] = times.map(median);
  network.release();
  for (const program of programs) await program.release();
  return { name, batch, density: densityOf(model), ours, web, node };
}

/** Milliseconds of one run: the median of as many as a turn has room for. */
async function timeOf(run: Run): Promise<number> {
  const times: number[] = [];
  for (let spent = 0; spent < TURN || times.length < 3; ) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    spent += times[times.length - 1];
  }
  return median(times);
}

/** PyTorch's time for a layer that the peer script can build. */
function withTorch(measured: Measured): Measured {
  const { name, batch, density } = measured;
  const peer = asked.find((made) => made.name === name)?.peer;
  if (!peer) return measured;
  const layer = JSON.stringify({ ...peer, threads, batch, density });
  const runs: { dense: number; csr?: number }[] = Array.from({ length: PEER_TURNS }, () =>
    JSON.parse(execFileSync(PYTHON, [peerScript, layer], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })),
  );
  const csr = runs.flatMap((run) => run.csr ?? []);
  return { ...measured, torch: median(runs.map((run) => run.dense)), csr: csr.length > 0 ? median(csr) : undefined };
}

const wanted = flags.find((flag) => !flag.startsWith("--")) ?? "";
const asked = flags.includes("--sweep") ? sweep : cases;
const results: Measured[] = [];
if (flags.includes("--alone")) {
  for (const make of asked.filter(({ name }) => name === wanted)) {
    for (const batch of make.batches) results.push(await measure({ ...make, model: make.build(), batch }));
  }
} else {
  for (const name of new Set(asked.map(({ name }) => name))) {
    if (!name.includes(wanted)) continue;
    results.push(...measuredAlone(name).map(withTorch));
    process.stderr.write(`${name}\n`);
  }
}

/** In a process that starts no other: on some virtual machines one that has forked gets memory at a fifth of the speed. */
function measuredAlone(name: string): Measured[] {
  const others = flags.filter((flag) => ["--sweep", "--two-threads"].includes(flag));
  return alone("sparse.bench.ts", import.meta.url, [name, "--alone", "--json", ...others]);
}

const figure = flags.find((flag) => flag.startsWith("--figure="))?.slice("--figure=".length);
if (figure) writeFileSync(figure, draw());
if (flags.includes("--json")) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
else print();

/** How many times faster than the dense runtimes, against density. */
function draw(): string {
  const points = results.flatMap(({ name, density, ours, web, node }) => [
    { series: `${name}, web`, x: 100 * density, y: web / ours },
    { series: `${name}, node`, x: 100 * density, y: node / ours },
  ]);
  const chart = curveChart(points, {
    x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
    y: { label: "times faster than onnxruntime", type: "log", tickFormat: "~r" },
  });
  return standalone(chart, "Speed from the sparse form against density");
}

function print(): void {
  const right = Array.from({ length: 9 }, () => "right" as const);
  const table = new Table({
    head: ["", "batch", "density", "ours, ms", "web", "node", "torch", "CSR", "faster than web", "than node"],
    colAligns: ["left", ...right],
    style: { head: [], border: [], compact: true },
  });
  const ms = (time?: number) => (time === undefined ? "" : time.toPrecision(3));
  for (const { name, batch, density, ours, web, node, torch: dense, csr } of results) {
    const times = [ours, web, node, dense, csr].map(ms);
    const faster = [web, node].map((other) => `${(other / ours).toFixed(1)}x`);
    table.push([name, batch, `${(100 * density).toFixed(1)}%`, ...times, ...faster]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
