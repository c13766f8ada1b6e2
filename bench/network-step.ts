/** Our side of `npm run bench -- networks`: one step for each line on stdin, as the peer's script does it. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import { random } from "../packages/espalier/src/random.ts";
import { targetOf } from "../packages/espalier/src/training/feeding.ts";
import { trainableParameters } from "../packages/espalier/src/training/parameters.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";

/** The most memory that this process has had, bytes. */
function peakBytes(): number {
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const [name, threads, batch] = process.argv.slice(2);
const network = networks.get(name);
if (!network) throw new Error(`There is no network "${name}".`);
const model = network.build({ seed: 1 });
const trainer = await Trainer.create(nodeEngine({ threads: Number(threads) }), model, {
  batch: Number(batch),
  optimizer: { name: "sgd", momentum: 0.9 },
  regularization: new Map(trainableParameters(model).map((parameter) => [parameter, { l2: 5e-4 }])),
  seed: 1,
  stepsPerRun: 1,
});
const stream = random(1, "bench");
const { [model.inputs[0].name]: inputs, [targetOf("label")]: labels } = trainer.batchOf(0);
if (inputs instanceof Float32Array) stream.fill(inputs);
for (let i = 0; i < labels.length; i++) labels[i] = stream.below(1000);
process.stdout.write("ready\n");
for await (const _ of createInterface({ input: process.stdin })) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const [loss] = await trainer.run([0.001]);
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(`${performance.now() - start} ${(user + system) / 1e3} ${loss} ${peakBytes()}\n`);
}
await trainer.release();
