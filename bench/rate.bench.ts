/**
 * Which way of training for the rate makes the smallest files?
 *
 * A dense LeNet-300-100 is trained at a price of a bit, from the dense network, on images moved by a pixel: by the bits of
 * codes under a model of rows and columns, under a model of the whole matrix alone (Oktay et al., arXiv 1906.06624), and
 * with distillation from the dense network. Validation errors; the test split is not read.
 *
 *     npm run bench -- rate DENSE.onnx [epochs] [ways, with commas] [prices, with commas]
 */
import { readFileSync } from "node:fs";
import Table from "cli-table3";
import { openMnist } from "../packages/espalier/src/data/mnist.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { onTask } from "../packages/espalier/src/library/prepare-task.ts";
import { PriceTrainer } from "../packages/espalier/src/library/price-trainer.ts";
import { readModel } from "../packages/espalier/src/onnx/read.ts";
import { addBits } from "../packages/espalier/src/sharing/rate/bits.ts";
import type { AddBits } from "../packages/espalier/src/sharing/rate/rated.ts";

/** Without rows and columns. */
const wholeMatrix: AddBits = (graph, matrix) => addBits(graph, matrix, { places: false });

interface Way {
  readonly bitsOf?: AddBits;
  readonly distill?: number;
}

const WAYS: Readonly<Record<string, Way>> = {
  places: {},
  whole: { bitsOf: wholeMatrix },
  distilled: { distill: 1 },
};

const [file, epochs = "5", names = Object.keys(WAYS).join(), given = "8e-6"] = process.argv.slice(2);
if (file === undefined) throw new Error("Name the dense network: npm run bench -- rate DENSE.onnx");
const dense = readModel(readFileSync(file), file);
const engine = nodeEngine({ threads: 1 });
const table = new Table({
  head: ["way", "price", "bytes", "kept", "validation error %"],
  colAligns: ["left", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
await onTask(engine, dense, openMnist(), {}, {}, async (prepared) => {
  for (const name of names.split(",")) {
    const { bitsOf, distill } = WAYS[name];
    const training = {
      epochs: Number(epochs),
      batch: 64,
      seed: 1,
      rate: 0.01,
      augmentation: { shift: 1 },
      distillation: distill === undefined ? undefined : { teacher: prepared.adopted.model, weight: distill },
    };
    const trainer = await PriceTrainer.create(engine, prepared, training, {}, bitsOf);
    for (const price of given.split(",").map(Number)) {
      const { trial } = await trainer.train(price, undefined, undefined, () => {});
      const { bytes, density, validation } = trial;
      table.push([name, price.toPrecision(2), bytes, `${(1 / density).toFixed(1)}x`, validation.toFixed(2)]);
      process.stderr.write(`${name} ${price}: ${bytes} bytes, ${validation.toFixed(2)}%\n`);
    }
    await trainer.release();
  }
});
process.stdout.write(`${table}\n`);
