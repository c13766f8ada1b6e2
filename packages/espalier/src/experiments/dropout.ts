import { caffeXavier } from "../onnx/build/initializers.ts";
import { dense, dropout as dropoutLayer, flatten, relu } from "../onnx/build/layers.ts";
import { sequential } from "../onnx/build/sequential.ts";
import type { Model } from "../onnx/graph.ts";
import type { RetrainingDropout } from "../pruning/dropout.ts";
import { pruningRounds } from "../pruning/recipe-rounds.ts";
import { barChart } from "../report/bars.ts";
import type { Experiment } from "./experiment.ts";

const TARGET = {
  kind: "density",
  layers: [
    ["fc1", 0.05],
    ["fc2", 0.1],
    ["fc3", 0.4],
  ],
} as const;
const RATIO = 0.5;
const EPOCHS = 8;
const LEARNING_RATES = [0.1, 0.03, 0.01, 0.001];
const POLICIES = ["adjusted", "original", "none"] as const satisfies readonly RetrainingDropout[];

/** LeNet-300-100 with dropout behind its hidden layers. */
function withDropout(seed: number): Model {
  return sequential(
    [flatten(), dense(300), relu(), dropoutLayer(RATIO), dense(100), relu(), dropoutLayer(RATIO), dense(10)],
    { name: "lenet-300-100-dropout", input: [1, 28, 28], seed, initializer: caffeXavier },
  );
}

/** What the dropout ratio and the learning rate of retraining bring. */
export const dropout: Experiment = {
  title: "Dropout and learning rate while retraining",
  claim:
    "The dropout ratio should fall with the connections, D_r = D_o sqrt(C_ir / C_io), as pruning has already reduced the capacity; LeNet is retrained with a tenth of the first learning rate.",
  async run(lab) {
    const { train, batch } = lab.recipe("lenet-300-100");
    const model = withDropout(lab.seed);
    const trained = (await lab.run("dropout-dense", model, [train], batch)).model;
    const settings = POLICIES.flatMap((policy) => LEARNING_RATES.map((rate) => ({ policy, rate })));
    const points = await lab.each(settings, async ({ policy, rate }) => {
      const rounds = pruningRounds(TARGET, 1, {
        epochs: lab.epochs(EPOCHS),
        optimizer: train.optimizer,
        regularization: train.regularization,
        learningRate: { policy: "exponential", rate, final: rate / 50 },
        retrainingDropout: policy,
      });
      const { results } = await lab.run(`dropout-${policy}-${rate}`, trained, rounds, batch);
      return { dropout: policy, learningRate: rate, error: results[0].validation };
    });
    const bars = points.map(({ dropout, learningRate, error }) => ({
      group: `learning rate ${learningRate}`,
      name: dropout,
      value: error,
    }));
    return {
      measured: { target: TARGET, ratio: RATIO, dense: await lab.validationError(trained), points },
      table: [
        ["dropout", ...LEARNING_RATES.map((rate) => `learning rate ${rate}`)],
        ...POLICIES.map((policy) => [
          policy,
          ...points.filter((point) => point.dropout === policy).map(({ error }) => `${error.toFixed(2)}%`),
        ]),
      ],
      figures: [
        {
          name: "dropout",
          caption: `Validation error at 17x after ${lab.epochs(EPOCHS)} epochs of retraining.`,
          picture: barChart(bars, "validation error, %"),
        },
      ],
    };
  },
};
