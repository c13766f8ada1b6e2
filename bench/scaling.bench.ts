/**
 * Does the cost of a step grow linearly in images and in parameters?
 *
 * One hidden layer on 28 x 28 images: batch and width are doubled in turn. A column shows the time for each image or
 * parameter: flat, or falling where fixed costs matter, is linear.
 */
import Table from "cli-table3";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { dense, flatten, relu } from "../packages/espalier/src/onnx/build/layers.ts";
import { sequential } from "../packages/espalier/src/onnx/build/sequential.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";
import { timesOf } from "./measure.ts";

const engine = nodeEngine({ threads: 1 });

/** Milliseconds of a step, and the parameters that it trains. */
async function measure(width: number, batch: number): Promise<{ step: number; parameters: number }> {
  const layers = [flatten(), dense(width), relu(), dense(10)];
  const model = sequential(layers, { name: "scaling", input: [1, 28, 28], seed: 1 });
  const optimizer = { name: "sgd", momentum: 0.9 } as const;
  const trainer = await Trainer.create(engine, model, { batch, optimizer, seed: 1 });
  const rates = Array.from({ length: trainer.capacity }, () => 0.01);
  const step = median(await timesOf(() => trainer.run(rates), 9, 2)) / rates.length;
  await trainer.release();
  return { step, parameters: 784 * width + width + 10 * width + 10 };
}

const table = new Table({
  head: ["width", "parameters", "batch", "step, ms", "us / image", "ns / parameter"],
  colAligns: Array<"right">(6).fill("right"),
  style: { head: [], border: [], compact: true },
});
const growing = [1, 2, 4, 8];
for (const [width, batch] of [...growing.map((k) => [300, 64 * k]), ...growing.map((k) => [300 * k, 64])]) {
  const { step, parameters } = await measure(width, batch);
  table.push([
    width,
    parameters,
    batch,
    step.toFixed(2),
    ((1000 * step) / batch).toFixed(2),
    ((1e6 * step) / parameters).toFixed(2),
  ]);
}
process.stdout.write(`${table.toString()}\n`);
