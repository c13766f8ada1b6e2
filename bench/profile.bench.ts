/**
 * Where does the time of a training step go?
 *
 * The step of `npm run bench -- training-step`, as ONNX Runtime itself profiles it: for each part of the graph (the
 * network, its loss, the gradient, the update) the operators, their share of the whole, and the speed of those that are
 * products, beside the speed of the same products, each alone in a graph. Behind them what is not inside an operator.
 * Profiling takes time of its own; the step without it is told too.
 *
 * npm run bench -- profile NETWORK [--threads 2] [--batch 8] [--runs 4]
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import type { Node } from "../packages/espalier/src/onnx/graph.ts";
import { allNodes } from "../packages/espalier/src/onnx/nested.ts";
import { completed, constantShapes, macsOf, productKey, timeAlone } from "./products.ts";
import { type KernelRun, recorded } from "./profiling.ts";
import { stepCases } from "./step-cases.ts";
import { trainOnNoise } from "./step-trainer.ts";

const { values, positionals } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    batch: { type: "string" },
    runs: { type: "string", default: "4" },
  },
  allowPositionals: true,
});
if (positionals.length !== 1) throw new Error("Name one network: npm run bench -- profile NETWORK.");
const engine = nodeEngine({ threads: Number(values.threads) });
const [found] = stepCases(positionals);
const one = { ...found, batch: Number(values.batch ?? found.batch) };
const runs = Number(values.runs);
/** Runs that are not counted. */
const WARM_UP = 2;
/** Operators that take less of a step are told together. */
const LEAST_SHARE = 0.01;

/** The part of the graph that a node is in, as the training step names it. */
const PARTS: Readonly<Record<string, string>> = { "grad/": "gradient", "update/": "update", "loss/": "loss" };

const partOf = (name: string) => Object.entries(PARTS).find(([prefix]) => name.startsWith(prefix))?.[1] ?? "network";

/** Milliseconds of a step, in the mean of the runs that count. */
async function timed(training: Awaited<ReturnType<typeof trainOnNoise>>): Promise<number> {
  const { trainer, run } = training;
  await run(WARM_UP * trainer.capacity);
  const start = performance.now();
  await run(runs * trainer.capacity);
  return (performance.now() - start) / (runs * trainer.capacity);
}

/** Operators of one kind in one part. */
interface Kind {
  readonly name: string;
  calls: number;
  milliseconds: number;
  /** Of products: their number, and milliseconds of them alone. */
  macs: number;
  alone: number;
}

const plain = await trainOnNoise(engine, one.network, one.batch, one.steps);
const unrecorded = await timed(plain);
await plain.trainer.release();
const { result: training, end } = await recorded(() => trainOnNoise(engine, one.network, one.batch, one.steps));
const step = await timed(training);
const steps = runs * training.trainer.capacity;
const profile = end(runs);
await training.trainer.release();

const nodes = new Map<string, Node>(allNodes(profile.model).map((node) => [`${node.op} ${node.name}`, node]));
const constants = constantShapes(profile.model);
const alone = new Map<string, number>();
const kinds = new Map<string, Kind>();
for (const run of profile.kernels) {
  const node = nodes.get(`${run.op} ${run.name}`);
  const kernel = node ? completed(run, node, constants) : run;
  const name = `${partOf(kernel.name)}\t${kernel.op}`;
  const kind = kinds.get(name) ?? { name, calls: 0, milliseconds: 0, macs: 0, alone: 0 };
  kinds.set(name, kind);
  kind.calls++;
  kind.milliseconds += kernel.milliseconds;
  const macs = node ? macsOf(node, kernel) : 0;
  if (!node || macs === 0) continue;
  kind.macs += macs;
  kind.alone += await timeOf(node, kernel);
}

async function timeOf(node: Node, kernel: KernelRun): Promise<number> {
  const key = productKey(node, kernel);
  const known = alone.get(key);
  if (known !== undefined) return known;
  const time = await timeAlone(engine, profile.model.opsets, node, kernel);
  alone.set(key, time);
  return time;
}

const share = (milliseconds: number) => `${((100 * milliseconds) / (step * steps)).toFixed(1)}%`;
const each = (milliseconds: number) => (milliseconds / steps).toPrecision(3);
const speed = (macs: number, milliseconds: number) => (macs === 0 ? "" : ((2 * macs) / milliseconds / 1e6).toFixed(0));

const head = ["part", "operator", "a step", "ms", "share", "GFLOP/s", "alone"];
const table = new Table({
  head,
  colAligns: head.map((_, i) => (i < 2 ? "left" : "right")),
  style: { head: [], border: [], compact: true },
});
const sorted = [...kinds.values()].sort((a, b) => b.milliseconds - a.milliseconds);
const counts = ({ milliseconds }: Kind) => milliseconds >= LEAST_SHARE * step * steps;
for (const { name, calls, milliseconds, macs, alone } of sorted.filter(counts)) {
  const speeds = [speed(macs, milliseconds), speed(macs, alone)];
  table.push([...name.split("\t"), calls / steps, each(milliseconds), share(milliseconds), ...speeds]);
}
const sum = (some: readonly Kind[]) => some.reduce((total, { milliseconds }) => total + milliseconds, 0);
const others = sorted.filter((kind) => !counts(kind));
const { inside, outside } = profile;
for (const [what, milliseconds] of [
  [`${others.length} others`, sum(others)],
  ["the runtime between operators", inside - sum(sorted)],
  ["copies from and to JavaScript", outside - inside],
  ["JavaScript", step * steps - outside],
] as const) {
  table.push(["", what, "", each(milliseconds), share(milliseconds), "", ""]);
}
process.stdout.write(`${one.network}, batch ${one.batch}, ${values.threads} threads: `);
process.stdout.write(`${step.toPrecision(3)} ms a step, ${unrecorded.toPrecision(3)} ms where it is not profiled\n`);
process.stdout.write(`${table.toString()}\n`);
