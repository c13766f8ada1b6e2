/**
 * Looks for the smallest network whose validation error is at most half a point above the dense one's.
 *
 *     npx tsx examples/search.ts
 */
import { writeFileSync } from "node:fs";
import { Evaluator, lenet300100, recipeOf, roundsOf, runRounds, search, withParameters, writeModel } from "espalier";
import { nodeEngine, openDataset } from "espalier/node";

const engine = nodeEngine();
const data = await openDataset("mnist");
const untrained = lenet300100({ seed: 1 });
const run = { batch: 64, seed: 1 };
const { train, prune } = roundsOf(recipeOf("lenet-300-100", true), untrained);
const { best } = await runRounds(engine, untrained, data, [train], run);
const dense = withParameters(untrained, best);

const evaluator = await Evaluator.create(engine, dense, data);
const { error } = await evaluator.evaluate(data.validation);
const { prune: _, name: __, ...retrain } = prune[0];
const plan = search(engine, dense, data, { limit: error + 0.5, slack: 0.2, retrain: { ...retrain, epochs: 4 } });
const found = await runRounds(engine, dense, data, plan, {
  ...run,
  onRound: ({ name, density, validationError }) =>
    console.log(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validationError.toFixed(2)}%`),
});
writeFileSync("small.onnx", writeModel(withParameters(dense, found.best)));
