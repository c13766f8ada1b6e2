/**
 * What does it save to run frozen layers once for each image?
 *
 * LeNet-5 with its convolutions frozen, as the paper retrains it: an epoch of MNIST with the frozen prefix run at each
 * step, and run once before.
 */
import Table from "cli-table3";
import { openMnist } from "../packages/espalier/src/data/mnist.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { lenet5 } from "../packages/espalier/src/models/lenet-5.ts";
import { Evaluator } from "../packages/espalier/src/training/evaluate.ts";
import { type Learning, withoutFrozenPrefix } from "../packages/espalier/src/training/frozen-prefix.ts";
import { runEpochs } from "../packages/espalier/src/training/train.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";

const engine = nodeEngine({ threads: 2 });
const data = openMnist();
const model = lenet5({ seed: 1 });
const frozen = new Set(["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]);

/** Seconds of one epoch with its validation. */
async function epochOf({ model, data }: Pick<Learning, "model" | "data">): Promise<number> {
  const options = { batch: 64, seed: 1, frozen, optimizer: { name: "sgd", momentum: 0.9 } } as const;
  const trainer = await Trainer.create(engine, model, options);
  const evaluator = await Evaluator.create(engine, model, data, trainer.parameterNames);
  const start = performance.now();
  await runEpochs(trainer, evaluator, data, { epochs: 1, seed: 1, learningRate: { policy: "constant", rate: 0.01 } });
  const seconds = (performance.now() - start) / 1000;
  await trainer.release();
  await evaluator.release();
  return seconds;
}

const whole = await epochOf({ model, data });
const start = performance.now();
const rest = await withoutFrozenPrefix(engine, model, data, frozen);
const once = (performance.now() - start) / 1000;
if (!rest) throw new Error("LeNet-5's convolutions are a prefix that can be run once.");
const part = await epochOf(rest);

const table = new Table({
  head: ["frozen convolutions", "before, s", "an epoch, s", "speed of an epoch"],
  colAligns: ["left", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
table.push(
  ["run at each step", "", whole.toFixed(1), "1.0x"],
  ["run once", once.toFixed(1), part.toFixed(1), `${(whole / part).toFixed(1)}x`],
);
process.stdout.write(`${table.toString()}\n`);
