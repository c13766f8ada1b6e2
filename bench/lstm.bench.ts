/**
 * How long is a training step of a recurrent network for text, beside PyTorch's?
 *
 * The network `lstm` (two layers of 256 units), 32 rows of 64 steps, Adam, state carried from step to step; one and two
 * threads. Ours and the peer take turns, and the medians over the turns are compared.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { adopt } from "../packages/espalier/src/adoption/adopt.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import { fillElements } from "../packages/espalier/src/onnx/elements.ts";
import { random } from "../packages/espalier/src/random.ts";
import { targetOf } from "../packages/espalier/src/training/feeding.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";
import { timesOf } from "./measure.ts";

const TURNS = 5;
const STEPS = 16;
const BATCH = 32;
const WINDOW = 64;
const CLASSES = 65;
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const peerScript = fileURLToPath(new URL("peers/pytorch_lstm.py", import.meta.url));

async function ours(threads: number): Promise<number> {
  const source = networks.get("lstm")?.build({ seed: 1, classes: CLASSES });
  if (!source) throw new Error("There is no network for text.");
  const engine = nodeEngine({ threads });
  const { model } = await adopt(engine, source, {
    data: { name: "tokens", inputs: [{ name: "tokens", dtype: "int64", shape: [WINDOW] }] },
    form: { kind: "scores", steps: WINDOW },
  });
  const trainer = await Trainer.create(engine, model, {
    batch: BATCH,
    optimizer: { name: "adam" },
    seed: 1,
    sequence: true,
  });
  trainer.startSequence();
  const { below } = random(1, "bench");
  for (let i = 0; i < trainer.capacity; i++) {
    const { [model.inputs[0].name]: inputs, [targetOf("label")]: labels } = trainer.batchOf(i);
    for (let j = 0; j < inputs.length; j++) fillElements(inputs, below(CLASSES), j, j + 1);
    for (let j = 0; j < labels.length; j++) labels[j] = below(CLASSES);
  }
  const rates = Array.from({ length: trainer.capacity }, () => 0.001);
  const run = median(await timesOf(() => trainer.run(rates), Math.max(1, Math.ceil(STEPS / rates.length)), 1));
  await trainer.release();
  return run / rates.length;
}

function peer(threads: number): number {
  return Number(execFileSync(PYTHON, [peerScript, String(threads), String(STEPS)], { encoding: "utf8" }));
}

const table = new Table({
  head: ["threads", "ours, ms", "tokens/s", "PyTorch, ms", "speed, PyTorch = 1"],
  colAligns: ["right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const threads of [2, 1]) {
  const times: { ours: number; peer: number }[] = [];
  for (let turn = 0; turn < TURNS; turn++) times.push({ ours: await ours(threads), peer: peer(threads) });
  const own = median(times.map((t) => t.ours));
  const theirs = median(times.map((t) => t.peer));
  const ratio = median(times.map((t) => t.peer / t.ours));
  const speed = Math.round((1000 * BATCH * WINDOW) / own).toLocaleString("en-US");
  table.push([threads, own.toFixed(1), speed, theirs.toFixed(1), `${ratio.toFixed(2)}x`]);
}
process.stdout.write(`${table.toString()}\n`);
