/**
 * What does it cost to train from photographs?
 *
 * ResNet-20 on JPEG files of 32 x 32 pixels: steps alone, and epochs of the training loop, the first of which decodes
 * what it reads, while steps run or, where they are not told ahead, between them; the second finds all decoded. In turns;
 * medians.
 *
 * npm run bench -- photographs [--data DIR] [--count 4096] [--batch 64] [--turns 3] [--threads 2]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import sharp from "sharp";
import type { Dataset, Split } from "../packages/espalier/src/data/dataset.ts";
import { openImages } from "../packages/espalier/src/data/images/open.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { random } from "../packages/espalier/src/random.ts";
import { Evaluator } from "../packages/espalier/src/training/evaluate.ts";
import { learnedTensors } from "../packages/espalier/src/training/parameters.ts";
import { runEpochs } from "../packages/espalier/src/training/train.ts";
import { networkOf } from "./step-cases.ts";
import { trainOnNoise } from "./step-trainer.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    count: { type: "string", default: "4096" },
    batch: { type: "string", default: "64" },
    turns: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
  },
});
const [count, batch, turns, threads] = [values.count, values.batch, values.turns, values.threads].map(Number);
const SIDE = 32;
const CLASSES = 10;

/** Photographs of noise, a folder for each class. */
async function draw(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-photographs-"));
  const stream = random(1, "photographs");
  const pixels = new Float32Array(3 * SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    const own = join(folder, `class-${i % CLASSES}`);
    if (i < CLASSES) mkdirSync(own);
    stream.fill(pixels);
    const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
    await sharp(
      Uint8Array.from(pixels, (value) => 255 * value),
      { raw },
    )
      .jpeg()
      .toFile(join(own, `${i}.jpg`));
  }
  return folder;
}

/** As many of the photographs as are asked for, of all classes; one validates, so that an epoch is all steps. */
function opened(folder: string, told: boolean): Dataset {
  const preprocessing = {
    crop: [SIDE, SIDE],
    channels: "RGB",
    mean: [120, 120, 120],
    scale: [0.01, 0.01, 0.01],
  } as const;
  const data = openImages(folder, { preprocessing, outputs: CLASSES });
  const { train } = data;
  const size = Math.min(count, train.size);
  const among = (indices: ArrayLike<number>) => Array.from(indices, (i) => Math.floor((i * train.size) / size));
  const some: Split = {
    size,
    read: (indices, into) => train.read(among(indices), into),
    ...(told && { prepare: (indices) => train.prepare?.(among(indices)) }),
  };
  return { ...data, train: some, validation: { ...data.validation, size: 1 } };
}

interface Cost {
  /** Milliseconds of an image, by the clock and of the processor. */
  readonly clock: number;
  readonly processor: number;
}

async function costOf(images: number, run: () => Promise<unknown>): Promise<Cost> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { clock: (performance.now() - start) / images, processor: (user + system) / 1e3 / images };
}

const folder = values.data ?? (await draw());
try {
  const engine = nodeEngine({ threads });
  const { trainer, run } = await trainOnNoise(engine, "resnet-20", batch, 16);
  const evaluator = await Evaluator.create(
    engine,
    networkOf("resnet-20"),
    opened(folder, true),
    learnedTensors(networkOf("resnet-20")),
  );
  const epoch = (data: Dataset) =>
    runEpochs(trainer, evaluator, data, { epochs: 1, learningRate: { policy: "constant", rate: 0.01 }, seed: 1 });
  const steps = Math.floor(opened(folder, true).train.size / batch);
  const costs = new Map<string, Cost[]>();
  const measure = async (what: string, work: () => Promise<unknown>) => {
    const cost = await costOf(steps * batch, work);
    costs.set(what, [...(costs.get(what) ?? []), cost]);
  };
  await run(trainer.capacity);
  for (let turn = 0; turn < turns; turn++) {
    await measure("steps alone", () => run(steps));
    const data = opened(folder, true);
    await measure("first epoch", () => epoch(data));
    await measure("second epoch", () => epoch(data));
    await measure("first epoch, not told ahead", () => epoch(opened(folder, false)));
  }
  await trainer.release();
  await evaluator.release();
  const table = new Table({
    head: ["", "images/s", "CPU ms an image"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const [what, all] of costs) {
    const [clock, processor] = (["clock", "processor"] as const).map((key) => median(all.map((cost) => cost[key])));
    table.push([what, (1000 / clock).toFixed(0), processor.toFixed(2)]);
  }
  process.stdout.write(`${steps * batch} photographs, batch ${batch}, ${threads} threads\n${table.toString()}\n`);
} finally {
  if (!values.data) rmSync(folder, { recursive: true });
}
