/**
 * Our side of `npm run bench -- training-step`, in onnxruntime-node ("ours") or in onnxruntime-web ("web"): a row of
 * steps for each line on stdin, as the peer's script does them.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { webEngine } from "../packages/espalier/src/engine/web.ts";
import { trainOnNoise } from "./step-trainer.ts";

/** The most memory that this process has had, bytes. */
function peakBytes(): number {
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const [name, ...numbers] = process.argv.slice(2);
const [threads, batch, steps] = numbers.map(Number);
const engine = process.argv.includes("web") ? await webEngine({ threads }) : nodeEngine({ threads });
const { parameters, run } = await trainOnNoise(engine, name, batch, steps);
process.stdout.write(`${parameters}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await run(steps);
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(`${elapsed / steps} ${(user + system) / 1e3 / steps} ${peakBytes()}\n`);
}
process.exit();
