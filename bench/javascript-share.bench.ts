/**
 * How much of a training step is spent in JavaScript, outside of ONNX Runtime?
 *
 * An epoch of MNIST by the training loop itself: reading samples, steps, no validation. What is not inside
 * `InferenceSession.run` counts as JavaScript.
 */
import Table from "cli-table3";
import { InferenceSession } from "onnxruntime-node";
import { openMnist } from "../packages/espalier/src/data/mnist.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import { roundsOf } from "../packages/espalier/src/pruning/recipe-rounds.ts";
import { recipeOf } from "../packages/espalier/src/pruning/recipes.ts";
import { Evaluator } from "../packages/espalier/src/training/evaluate.ts";
import { runEpochs } from "../packages/espalier/src/training/train.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";

type Tensors = InferenceSession.OnnxValueMapType;

let inside = 0;
const create = InferenceSession.create.bind(InferenceSession);
Object.assign(InferenceSession, {
  create: async (...args: Parameters<typeof create>) => {
    const session = await create(...args);
    const run = session.run.bind(session);
    const timed = async (feeds: Tensors, fetches: InferenceSession.FetchesType) => {
      const start = performance.now();
      const result = await run(feeds, fetches);
      inside += performance.now() - start;
      return result;
    };
    return Object.assign(session, { run: timed });
  },
});

const data = openMnist();
const engine = nodeEngine({ threads: 2 });
const table = new Table({
  head: ["network", "epoch, s", "images/s", "JavaScript, %"],
  colAligns: ["left", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [name, { build }] of networks) {
  const model = build({ seed: 1 });
  const recipe = recipeOf(name);
  const { train: round } = roundsOf(recipe, model);
  const trainer = await Trainer.create(engine, model, { ...round, batch: recipe.batch, seed: 1 });
  const evaluator = await Evaluator.create(engine, model, data, trainer.parameterNames);
  // One sample to validate on, so that the epoch is all steps.
  const steps = { ...data, validation: { ...data.validation, size: 1 } };
  inside = 0;
  const start = performance.now();
  await runEpochs(trainer, evaluator, steps, { epochs: 1, learningRate: round.learningRate, seed: 1 });
  const whole = performance.now() - start;
  table.push([
    name,
    (whole / 1000).toFixed(1),
    Math.round(data.train.size / (whole / 1000)),
    (100 * (1 - inside / whole)).toFixed(1),
  ]);
  await trainer.release();
  await evaluator.release();
}
process.stdout.write(`${table.toString()}\n`);
