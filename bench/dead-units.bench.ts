/**
 * What does it save to retrain a pruned network without its dead units?
 *
 * Each LeNet after an epoch of training, pruned by one magnitude for all layers: an epoch of the whole network and of
 * its twin, in turns.
 */
import Table from "cli-table3";
import { openMnist } from "../packages/espalier/src/data/mnist.ts";
import { routed } from "../packages/espalier/src/data/routes.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { layersOf } from "../packages/espalier/src/operators/layers.ts";
import { masksOfZeros } from "../packages/espalier/src/pruning/mask.ts";
import type { Round } from "../packages/espalier/src/pruning/round.ts";
import { runRounds } from "../packages/espalier/src/pruning/rounds.ts";
import { scoresBy } from "../packages/espalier/src/pruning/scores.ts";
import { chooseMasks } from "../packages/espalier/src/pruning/target.ts";
import { twinOf } from "../packages/espalier/src/pruning/units/twin.ts";
import { routesFor } from "../packages/espalier/src/training/feeding.ts";
import {
  applyMasks,
  parametersOf,
  trainableParameters,
  withParameters,
} from "../packages/espalier/src/training/parameters.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";

const STEPS = 160;
const TURNS = 5;
const engine = nodeEngine({ threads: Number(process.argv[2] ?? 2) });
const data = openMnist();
const run = { batch: 64, seed: 1 };
const round: Round = {
  name: "train",
  epochs: 1,
  optimizer: { name: "sgd", momentum: 0.9 },
  learningRate: { policy: "constant", rate: 0.02 },
};

/** Milliseconds of a training step. */
async function stepOf(model: Model): Promise<() => Promise<number>> {
  const weights = layersOf(model).map(({ weight }) => weight);
  const masks = masksOfZeros(parametersOf(model, weights), weights);
  const trainer = await Trainer.create(engine, model, { ...run, optimizer: round.optimizer, masks });
  const samples = routed(data.train, routesFor(trainer.feed, data));
  const indices = Uint32Array.from({ length: run.batch }, (_, i) => i);
  return async () => {
    const start = performance.now();
    for (let step = 0; step < STEPS; step += trainer.capacity) {
      for (let i = 0; i < trainer.capacity; i++) {
        await samples.read(indices, trainer.batchOf(i));
      }
      await trainer.run(Array.from({ length: trainer.capacity }, () => 0.01));
    }
    return (performance.now() - start) / STEPS;
  };
}

const table = new Table({
  head: ["network", "rate", "whole, ms a step", "without dead units", "speed"],
  colAligns: ["left", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [name, { title, build }] of networks) {
  const { best } = await runRounds(engine, build({ seed: 1 }), data, [round], run);
  const model = withParameters(build({ seed: 1 }), best);
  const scores = await scoresBy("magnitude", engine, model, data, run);
  for (const rate of name === "lenet-5" ? [12, 50, 120] : [12, 50]) {
    const parameters = parametersOf(model, trainableParameters(model));
    const masks = chooseMasks({ kind: "rate", rate }, layersOf(model), parameters, 1, scores);
    const pruned = withParameters(model, applyMasks(parameters, masks));
    const { model: twin } = await twinOf(engine, pruned);
    const [whole, small] = [await stepOf(pruned), await stepOf(twin)];
    const times: [number[], number[]] = [[], []];
    for (let turn = 0; turn < TURNS; turn++) {
      times[0].push(await whole());
      times[1].push(await small());
    }
    const [a, b] = times.map(median);
    table.push([title, `${rate}x`, a.toFixed(2), b.toFixed(2), `${(a / b).toFixed(1)}x`]);
  }
}
process.stdout.write(`${table.toString()}\n`);
