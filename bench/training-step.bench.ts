/**
 * How long is a training step, and how much memory does it take, beside PyTorch's?
 *
 * SGD with momentum and L2 on a batch of noise, on two threads and on one. Ours and PyTorch's are in processes of their
 * own and take turns, so that a machine whose speed drifts favours neither; medians, the speed that of the turns' ratios.
 * Beside them the same graph in onnxruntime-web, as it runs in a page. Names are for some networks only.
 *
 * npm run bench -- training-step [--turns 5] [--threads 2] [--no-web] [NETWORK ...]
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { median } from "../packages/espalier/src/median.ts";
import { type StepCase, stepCases } from "./step-cases.ts";
import { type Step, StepSide } from "./step-side.ts";

const { values, positionals } = parseArgs({
  options: {
    turns: { type: "string", default: "5" },
    threads: { type: "string" },
    "no-web": { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const turns = Number(values.turns);
/** Turns that are not counted. */
const WARM_UP = 2;
/** What only stands beside gets fewer turns. */
const WEB_TURNS = 2;

interface Measured {
  readonly ours: readonly Step[];
  readonly peer: readonly Step[];
  /** Left out where the steps take more memory than a page may have. */
  readonly web?: readonly Step[];
}

async function measure(one: StepCase, threads: number): Promise<Measured> {
  const sides = [new StepSide("ours", one, threads), new StepSide("peer", one, threads)];
  try {
    const [own, theirs] = [await sides[0].parameters, await sides[1].parameters];
    if (own !== theirs) throw new Error(`${one.network} has ${own} parameters here and ${theirs} in PyTorch.`);
    const steps: Step[][] = [[], []];
    for (let turn = -WARM_UP; turn < turns; turn++) {
      for (const [i, side] of sides.entries()) {
        const step = await side.step();
        if (turn >= 0) steps[i].push(step);
      }
    }
    return { ours: steps[0], peer: steps[1] };
  } finally {
    for (const side of sides) side.end();
  }
}

async function measureWeb(one: StepCase, threads: number): Promise<readonly Step[] | undefined> {
  const side = new StepSide("web", one, threads);
  try {
    await side.parameters;
    const steps: Step[] = [];
    for (let turn = -1; turn < WEB_TURNS; turn++) steps.push(await side.step());
    return steps.slice(1);
  } catch {
    return undefined;
  } finally {
    side.end();
  }
}

const middle = (steps: readonly Step[], key: keyof Step) => median(steps.map((step) => step[key]));
const milliseconds = (time: number) => (time < 100 ? time.toPrecision(3) : time.toFixed(0));
const megabytes = (steps: readonly Step[]) => (middle(steps.slice(-1), "peakBytes") / 1e6).toFixed(0);
const times = (ratio: number) => `${ratio.toFixed(2)}x`;
const geometricMean = (ratios: readonly number[]) =>
  Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);

/** PyTorch's time by ours, turn by turn. */
function speed({ ours, peer }: Measured, key: "milliseconds" | "processor"): number {
  return median(ours.map((step, turn) => peer[turn][key] / step[key]));
}

const head = ["network", "batch", "ours, ms", "PyTorch", "speed", "ours, CPU ms", "PyTorch", "speed"];
head.push("ours, peak MB", "PyTorch", "onnxruntime-web, ms");
for (const threads of values.threads ? [Number(values.threads)] : [2, 1]) {
  const table = new Table({
    head,
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  const speeds: { clock: number; processor: number }[] = [];
  for (const one of stepCases(positionals)) {
    const measured = await measure(one, threads);
    const web = values["no-web"] ? undefined : await measureWeb(one, threads);
    const { ours, peer } = measured;
    const [clock, processor] = [speed(measured, "milliseconds"), speed(measured, "processor")];
    speeds.push({ clock, processor });
    table.push([
      one.network,
      one.batch,
      ...[ours, peer].map((steps) => milliseconds(middle(steps, "milliseconds"))),
      times(clock),
      ...[ours, peer].map((steps) => milliseconds(middle(steps, "processor"))),
      times(processor),
      ...[ours, peer].map(megabytes),
      web ? milliseconds(middle(web, "milliseconds")) : "-",
    ]);
    process.stderr.write(`${one.network} at ${one.batch}, threads ${threads}: ${times(clock)}\n`);
  }
  const [clock, processor] = (["clock", "processor"] as const).map((key) => geometricMean(speeds.map((s) => s[key])));
  process.stdout.write(`threads: ${threads}; speed: PyTorch = 1\n${table.toString()}\n`);
  process.stdout.write(`geometric mean of speed: ${times(clock)} by the clock, ${times(processor)} of the processor\n`);
}
