/**
 * What do exchanges of local SGD cost beside its steps, and how much faster are two processes than one?
 *
 * First a state goes one way between processes of this machine: written, put into a file by its hash, got, read and added
 * to a mean. Beside it a step of LeNet-5 on one thread; what that computes in the time of a byte is `MACS_FOR_A_BYTE` of
 * training/local-sgd/interval.ts. Then a round of four shards, in one process and in two; medians of turns.
 */
import Table from "cli-table3";
import { openMnist } from "../packages/espalier/src/data/mnist.ts";
import type { Executor } from "../packages/espalier/src/engine/executor.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { folderExchange, temporaryFolder } from "../packages/espalier/src/jobs/folder-exchange.ts";
import { stepsExecutor } from "../packages/espalier/src/jobs/steps-executor.ts";
import { layerMacs } from "../packages/espalier/src/library/layer-macs.ts";
import { median } from "../packages/espalier/src/median.ts";
import { lenet5 } from "../packages/espalier/src/models/lenet-5.ts";
import { float32 } from "../packages/espalier/src/onnx/tensor.ts";
import { learn } from "../packages/espalier/src/training/learn.ts";
import { Mean } from "../packages/espalier/src/training/local-sgd/average.ts";
import { readState, writeState } from "../packages/espalier/src/training/local-sgd/state-file.ts";

const TURNS = 3;
const BATCH = 64;
const SHARDS = 4;
const [localSteps = 40, numbers = 4_000_000] = process.argv.slice(2).map(Number);

const { folder, remove } = temporaryFolder();
const exchange = folderExchange(folder);
const engine = nodeEngine({ threads: 1 });
const model = lenet5({ seed: 1 });
const mnist = openMnist();
const samples = SHARDS * localSteps * BATCH;
const data = { ...mnist, train: { ...mnist.train, size: samples }, validation: { ...mnist.validation, size: 64 } };

/** Nanoseconds for a byte that goes one way. */
async function exchanged(turn: number): Promise<number> {
  const parameters = new Map([["w", float32([numbers], new Float32Array(numbers).fill(turn))]]);
  const none = new Map();
  const mean = new Mean();
  mean.add(parameters);
  const start = performance.now();
  const key = await exchange.put(writeState({ parameters, statistics: none, slots: none, steps: [] }));
  mean.add(readState(await exchange.get(key), key).parameters);
  const time = performance.now() - start;
  await exchange.drop(key);
  return (1e6 * time) / (4 * numbers);
}

/** Seconds of a round in so many processes, which were there before. */
async function round(executor: Executor): Promise<number> {
  const times: number[] = [];
  const learningRate = { policy: "constant", rate: 0.01 } as const;
  await learn(
    engine,
    { model, data },
    undefined,
    { batch: BATCH, seed: 1, optimizer: { name: "sgd", momentum: 0.9 } },
    { epochs: 2, seed: 1, learningRate, onEpoch: () => void times.push(performance.now()) },
    { shards: SHARDS, localSteps, executor },
  );
  return (times[1] - times[0]) / 1000;
}

const macs = BATCH * [...(await layerMacs(engine, model)).values()].reduce((sum, each) => sum + each, 0);
const turns = Array.from({ length: TURNS }, (_, turn) => turn);
const [bytes, alone, two]: number[][] = [[], [], []];
const places = [
  [stepsExecutor({ workers: 1 }), alone],
  [stepsExecutor({ workers: 2 }), two],
] as const;
for (const turn of turns) {
  bytes.push(await exchanged(turn));
  for (const [executor, times] of places) times.push(await round(executor));
}
for (const [executor] of places) await executor.release();
remove();
const step = median(alone) / (SHARDS * localSteps);
const table = new Table({ style: { head: [], border: [], compact: true } });
table.push(
  ["a byte one way, ns", median(bytes).toFixed(2)],
  ["a step on one thread, ms", (1000 * step).toFixed(1)],
  ["MACs in the time of a byte", ((3 * macs * median(bytes)) / (1e9 * step)).toFixed(0)],
  ["a round in one process, s", median(alone).toFixed(2)],
  ["in two", median(two).toFixed(2)],
  ["faster", `${(median(alone) / median(two)).toFixed(2)}x`],
);
process.stdout.write(`${table.toString()}\n`);
