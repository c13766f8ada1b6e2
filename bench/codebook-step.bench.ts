/**
 * What does it cost to train codebooks in the place of weights?
 *
 * Milliseconds of a training step of the same network: with its weights, with codebooks of 16 values for all of its
 * weights, and with codebooks after all but a twelfth were cut. The three take turns.
 */
import Table from "cli-table3";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { layersOf } from "../packages/espalier/src/operators/layers.ts";
import { trainable } from "../packages/espalier/src/sharing/codebook-parameters.ts";
import { sharingRules } from "../packages/espalier/src/sharing/rules.ts";
import { bitsFor, share } from "../packages/espalier/src/sharing/share.ts";
import { applyMasks, parametersOf, withParameters } from "../packages/espalier/src/training/parameters.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";
import { timesOf } from "./measure.ts";

const TURNS = 7;
const engine = nodeEngine({ threads: 1 });

/** All but the largest twelfth of each layer cut. */
function pruned(model: Model): Model {
  const weights = parametersOf(
    model,
    layersOf(model).map(({ weight }) => weight),
  );
  const masks = new Map(
    Array.from(weights, ([name, { dims, data, dtype }]) => {
      const sorted = data.map(Math.abs).sort();
      const threshold = sorted[Math.floor((sorted.length * 11) / 12)];
      return [name, { dims, dtype, data: data.map((w) => (Math.abs(w) > threshold ? 1 : 0)) }];
    }),
  );
  return withParameters(model, applyMasks(weights, masks));
}

const withCodebooks = (model: Model) => trainable(model, share(model, bitsFor(model, [["*", 4]]), { seed: 1 })).model;

const table = new Table({
  head: ["network", "weights, ms", "codebooks, ms", "codebooks of a twelfth, ms"],
  colAligns: ["left", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const name of ["lenet-300-100", "lenet-5"]) {
  const model = networks.get(name)?.build({ seed: 1 });
  if (!model) throw new Error(`There is no network ${name}.`);
  const trainers = [];
  for (const variant of [model, withCodebooks(model), withCodebooks(pruned(model))]) {
    const optimizer = { name: "adam" } as const;
    trainers.push(await Trainer.create(engine, variant, { batch: 64, optimizer, seed: 1, rules: sharingRules }));
  }
  const times: number[][] = trainers.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, trainer] of trainers.entries()) {
      const rates = Array.from({ length: trainer.capacity }, () => 1e-4);
      times[i].push((await timesOf(() => trainer.run(rates), 1, turn === 0 ? 2 : 0))[0] / rates.length);
    }
  }
  table.push([name, ...times.map((own) => median(own).toFixed(2))]);
  for (const trainer of trainers) await trainer.release();
}
process.stdout.write(`${table.toString()}\n`);
