/**
 * How long is a training step of the large networks, and how much memory does it take, beside PyTorch's?
 *
 * SGD with momentum and L2 on a batch of noise. Each network is in a process of its own, beside the peer's, and both
 * do a step in turns, so a machine whose speed drifts does not favour either; medians.
 *
 * npm run bench -- networks [--batch 8] [--threads 2] [--steps 5] [NETWORK ...]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { median } from "../packages/espalier/src/median.ts";

const { values, positionals } = parseArgs({
  options: {
    batch: { type: "string", default: "8" },
    threads: { type: "string", default: "2" },
    steps: { type: "string", default: "5" },
  },
  allowPositionals: true,
});
const chosen = positionals.length > 0 ? positionals : ["alexnet", "vgg-16", "resnet-50", "squeezenet"];
const WARM_UP = 2;
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

interface Step {
  readonly milliseconds: number;
  /** Of the processor, all threads together. */
  readonly processor: number;
  readonly peakBytes: number;
}

/** A process that does a training step when it is asked to. */
class Side {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (!this.#child.stdout) throw new Error("The process has no output.");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(" ")} ended early.`);
    return value;
  }

  async step(): Promise<Step> {
    this.#child.stdin?.write("\n");
    const [milliseconds, processor, , peakBytes] = (await this.line()).split(" ").map(Number);
    return { milliseconds, processor, peakBytes };
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await once(this.#child, "exit");
  }
}

const table = new Table({
  head: [
    "network",
    "ours, ms",
    "PyTorch, ms",
    "speed, PyTorch = 1",
    "ours, CPU ms",
    "PyTorch",
    "ours, peak MB",
    "PyTorch",
  ],
  colAligns: ["left", ...Array<"right">(7).fill("right")],
  style: { head: [], border: [], compact: true },
});
const ratios: number[] = [];
for (const network of chosen) {
  const args = [network, values.threads, values.batch];
  const sides = [
    new Side(process.execPath, ["--import", "tsx", here("network-step.ts"), ...args]),
    new Side(PYTHON, [here("peers/pytorch_networks.py"), ...args]),
  ];
  const steps: [Step[], Step[]] = [[], []];
  for (const side of sides) await side.line();
  for (let turn = -WARM_UP; turn < Number(values.steps); turn++) {
    for (const [i, side] of sides.entries()) {
      const step = await side.step();
      if (turn >= 0) steps[i].push(step);
    }
  }
  for (const side of sides) await side.end();
  const of = (i: number, key: keyof Step) => median(steps[i].map((step) => step[key]));
  const ratio = median(steps[0].map(({ milliseconds }, turn) => steps[1][turn].milliseconds / milliseconds));
  const megabytes = (i: number) => Math.round(Math.max(...steps[i].map(({ peakBytes }) => peakBytes)) / 1e6);
  ratios.push(ratio);
  table.push([
    network,
    ...[0, 1].map((i) => of(i, "milliseconds").toFixed(0)),
    `${ratio.toFixed(2)}x`,
    ...[0, 1].map((i) => of(i, "processor").toFixed(0)),
    ...[0, 1].map(megabytes),
  ]);
}
process.stdout.write(`batch ${values.batch}, ${values.threads} threads\n${table.toString()}\n`);
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
process.stdout.write(`geometric mean of speed: ${mean.toFixed(2)}x\n`);
