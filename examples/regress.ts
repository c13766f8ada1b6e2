/**
 * A network that predicts a value instead of a class: data from a formula, trained, pruned by rate, and searched for the
 * smallest whose mean squared error is within a limit of its own unit.
 *
 *     npx tsx examples/regress.ts
 */
import { writeFileSync } from "node:fs";
import {
  type Dataset,
  dense,
  type Progress,
  pruneByPlan,
  pruneBySearch,
  relu,
  sequential,
  train,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";

const INPUTS = 8;

/** Friedman's function (1991): of eight inputs, uniform in [0, 1), three have nothing to say. */
function friedman(x: Float32Array): number {
  return Math.sin(Math.PI * x[0] * x[1]) * 10 + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4];
}

/** Samples that are the same at each reading: a generator of uniform numbers begins anew with each. */
function samples(size: number, seed: number): Dataset["train"] {
  return {
    size,
    read(indices, { x, y }) {
      const row = new Float32Array(INPUTS);
      for (let i = 0; i < indices.length; i++) {
        let state = (seed * 1_000_003 + indices[i]) * 2_654_435_761;
        for (let j = 0; j < INPUTS; j++) {
          state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
          row[j] = (state >>> 8) / 2 ** 24;
          if (x) x[i * INPUTS + j] = row[j];
        }
        if (y) y[i] = friedman(row) / 10;
      }
    },
  };
}

const data: Dataset = {
  name: "Friedman's function",
  inputs: [{ name: "x", dtype: "float32", shape: [INPUTS] }],
  targets: [{ name: "y", dtype: "float32", shape: [] }],
  train: samples(8000, 1),
  validation: samples(1000, 2),
  test: samples(1000, 3),
};
const onProgress = (progress: Progress) => {
  if (progress.kind === "task") console.log(`the task is ${progress.task}, judged by ${progress.measure.name}`);
  if (progress.kind !== "round") return;
  const { name, density, validation } = progress.result;
  console.log(`${name}: ${(1 / density).toFixed(1)}x, ${validation.toPrecision(3)} on validation`);
};

const engine = nodeEngine();
const built = sequential([dense(64), relu(), dense(64), relu(), dense(1)], {
  name: "friedman",
  input: [INPUTS],
  seed: 1,
});
const how = { optimizer: "adam", l2: 0, learningRate: 0.003, policy: "cosine" } as const;
const trained = await train(engine, built, data, { ...how, epochs: 15, onProgress });
const pruned = await pruneByPlan(engine, trained.model, data, { ...how, rate: 5, rounds: 2, epochs: 8, onProgress });
const found = await pruneBySearch(engine, trained.model, data, { ...how, maxLoss: 0.002, epochs: 8, onProgress });
writeFileSync("friedman.onnx", writeModel(found.model));
for (const [name, { compressionRate, baseline, pruned: after }] of Object.entries({
  "five times": pruned,
  search: found,
})) {
  console.log(
    `${name}: ${compressionRate.toFixed(1)}x, test ${trained.measure.name} ${baseline.test.toPrecision(3)} -> ${after.test.toPrecision(3)}`,
  );
}
