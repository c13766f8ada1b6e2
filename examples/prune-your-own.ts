/**
 * Builds a network, trains it, prunes it to a tenth in two rounds and writes it as an ordinary .onnx file.
 * In a checkout: npx tsx examples/prune-your-own.ts
 */
import { writeFileSync } from "node:fs";
import { dense, flatten, pruningRounds, relu, runRounds, sequential, withParameters, writeModel } from "espalier";
import { nodeEngine, openDataset } from "espalier/node";

const model = sequential([flatten(), dense(100), relu(), dense(10)], { name: "small", input: [1, 28, 28], seed: 1 });
const data = await openDataset("mnist");
const step = { optimizer: { name: "sgd", momentum: 0.9 }, epochs: 3 } as const;
const train = { name: "train", ...step, learningRate: { policy: "cosine", rate: 0.1, final: 0.001 } } as const;
const prune = pruningRounds({ kind: "rate", rate: 10 }, 2, {
  ...step,
  learningRate: { policy: "cosine", rate: 0.03, final: 0.001 },
});

const { results, best } = await runRounds(nodeEngine(), model, data, [train, ...prune], {
  batch: 64,
  seed: 1,
  onRound: ({ name, density, validationError }) =>
    console.log(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validationError.toFixed(2)}%`),
});
writeFileSync("small.onnx", writeModel(withParameters(model, best)));
console.log(`small.onnx, after ${results.length} rounds`);
