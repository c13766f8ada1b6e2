/**
 * How long is a training step of the LeNets, beside PyTorch's?
 *
 * Batch 64, SGD with momentum and L2, one and two threads. Ours and the peer take turns, and the medians over the
 * turns are compared, so a machine whose speed drifts does not favour either.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import { roundsOf } from "../packages/espalier/src/pruning/recipe-rounds.ts";
import { recipeOf } from "../packages/espalier/src/pruning/recipes.ts";
import { targetOf } from "../packages/espalier/src/training/feeding.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";
import { timesOf } from "./measure.ts";

const TURNS = 7;
const STEPS = 100;
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const peerScript = fileURLToPath(new URL("peers/pytorch_step.py", import.meta.url));

async function ours(network: string, threads: number): Promise<number> {
  const model = networks.get(network)?.build({ seed: 1 });
  if (!model) throw new Error(`no network ${network}`);
  const { batch, ...recipe } = recipeOf(network);
  const { optimizer, regularization } = roundsOf({ batch, ...recipe }, model).train;
  const trainer = await Trainer.create(nodeEngine({ threads }), model, { batch, optimizer, regularization, seed: 1 });
  for (let i = 0; i < trainer.capacity; i++) {
    const { [model.inputs[0].name]: inputs, [targetOf("label")]: labels } = trainer.batchOf(i);
    inputs.forEach((_, j) => {
      inputs[j] = Math.random();
    });
    labels.forEach((_, j) => {
      labels[j] = Math.floor(10 * Math.random());
    });
  }
  const rates = Array.from({ length: trainer.capacity }, () => 0.01);
  const run = median(await timesOf(() => trainer.run(rates), Math.ceil(STEPS / rates.length), 2));
  const step = run / rates.length;
  await trainer.release();
  return step;
}

function peer(network: string, threads: number): number {
  return Number(execFileSync(PYTHON, [peerScript, network, String(threads), String(STEPS)], { encoding: "utf8" }));
}

const table = new Table({
  head: ["network", "threads", "ours, ms", "images/s", "PyTorch, ms", "speed, PyTorch = 1"],
  colAligns: ["left", "right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const network of ["lenet-300-100", "lenet-5"]) {
  for (const threads of [2, 1]) {
    const times: { ours: number; peer: number }[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      times.push({ ours: await ours(network, threads), peer: peer(network, threads) });
    }
    const own = median(times.map((t) => t.ours));
    const theirs = median(times.map((t) => t.peer));
    const ratio = median(times.map((t) => t.peer / t.ours));
    table.push([network, threads, own.toFixed(2), Math.round(64_000 / own), theirs.toFixed(2), `${ratio.toFixed(2)}x`]);
  }
}
process.stdout.write(`${table.toString()}\n`);
