/**
 * Builds a network, trains it, prunes it to a tenth in two rounds, shares its weights, and writes it as an ordinary .onnx
 * file and as a small .esp file.
 * In a checkout: npx tsx examples/prune-your-own.ts
 */
import { writeFileSync } from "node:fs";
import {
  compress,
  dense,
  flatten,
  type Progress,
  pruneByPlan,
  pruneReport,
  relu,
  sequential,
  train,
  writeModel,
} from "espalier";
import { nodeEngine, openDataset } from "espalier/node";

const engine = nodeEngine();
const data = await openDataset("mnist");
const built = sequential([flatten(), dense(100), relu(), dense(10)], { name: "small", input: [1, 28, 28], seed: 1 });
const onProgress = (progress: Progress) => {
  if (progress.kind !== "round") return;
  const { name, density, validation } = progress.result;
  console.log(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validation.toFixed(2)}%`);
};

const how = { epochs: 4, learningRate: 0.1, onProgress };
const trained = await train(engine, built, data, how);
const pruned = await pruneByPlan(engine, trained.model, data, { rate: 10, rounds: 2, ...how });
const { contents, shared } = await compress(engine, pruned.model, data, { bits: 5, epochs: 1 });
writeFileSync("small.onnx", writeModel(pruned.model));
writeFileSync("small.esp", contents);
writeFileSync("small.html", await pruneReport(engine, data, pruned, { title: "small", command: "prune-your-own.ts" }));
console.log(
  `small.onnx: test error ${pruned.baseline.test.toFixed(2)}% -> ${pruned.pruned.test.toFixed(2)}%; small.esp: ${contents.length} bytes, ${shared?.test.toFixed(2)}%`,
);
