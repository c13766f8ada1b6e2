/**
 * Looks for the smallest network whose validation error is at most half a point above the dense one's.
 *
 *     npx tsx examples/search.ts
 */
import { writeFileSync } from "node:fs";
import { lenet300100, runRounds, search, withParameters, writeModel } from "espalier";
import { nodeEngine, openDataset } from "espalier/node";

const engine = nodeEngine();
const data = await openDataset("mnist");
const untrained = lenet300100({ seed: 1 });
const run = { batch: 64, seed: 1 };
const optimizer = { name: "sgd", momentum: 0.9 } as const;
const train = { epochs: 7, optimizer, learningRate: { policy: "exponential", rate: 0.1, final: 0.005 } } as const;
const retrain = { epochs: 4, optimizer, learningRate: { policy: "exponential", rate: 0.2, final: 0.001 } } as const;

const { best, results } = await runRounds(engine, untrained, data, [{ name: "train", ...train }], run);
const dense = withParameters(untrained, best);
const limit = results[0].validationError + 0.5;
const plan = search(engine, dense, data, { limit, slack: 0.2, retrain });
const found = await runRounds(engine, dense, data, plan, {
  ...run,
  onRound: ({ name, density, validationError }) =>
    console.log(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validationError.toFixed(2)}%`),
});
writeFileSync("small.onnx", writeModel(withParameters(dense, found.best)));
