import { inTurn, pruningRounds } from "../pruning/recipe-rounds.ts";
import { barChart } from "../report/bars.ts";
import type { Experiment } from "./experiment.ts";

const NETWORK = "lenet-5";
const EPOCHS = 5;
const TARGET = {
  kind: "density",
  layers: [
    ["conv1", 0.5],
    ["conv2", 0.12],
    ["fc1", 0.03],
    ["fc2", 0.15],
  ],
} as const;
const GROUPS = ["conv*", "fc*"];

/** Section 3.3: CONV pruned and retrained with FC frozen, then FC with CONV frozen, against all at once. */
export const turns: Experiment = {
  title: "Pruning CONV and FC in turn",
  claim:
    "Layers have adapted to each other, so it is easier to retrain one part with the other fixed, which also spares its gradients: CONV with FC frozen, then FC with CONV frozen.",
  async run(lab) {
    const { model } = await lab.dense(NETWORK);
    const retrain = lab.retraining(NETWORK, EPOCHS);
    const together = pruningRounds(TARGET, 1, { ...retrain, epochs: 2 * retrain.epochs });
    const plans = [
      { name: "all together", rounds: together },
      { name: "CONV, then FC", rounds: inTurn(pruningRounds(TARGET, 1, retrain), GROUPS, model) },
      { name: "FC, then CONV", rounds: inTurn(pruningRounds(TARGET, 1, retrain), GROUPS.toReversed(), model) },
    ];
    const rows = await lab.each(plans, async ({ name, rounds }) => {
      const { results } = await lab.run(`turns-${name}`, model, rounds);
      const { validation: validationError, density } = results[results.length - 1];
      return { name, rate: 1 / density, validationError };
    });
    return {
      measured: { network: NETWORK, dense: await lab.validationError(model), rows },
      table: [
        ["", "rate", "validation error", "epochs"],
        ...rows.map(({ name, rate, validationError }) => [
          name,
          `${rate.toFixed(1)}x`,
          `${validationError.toFixed(2)}%`,
          2 * retrain.epochs,
        ]),
      ],
      figures: [
        {
          name: "turns",
          caption: `Validation error after ${2 * retrain.epochs} epochs of retraining in all.`,
          picture: barChart(
            rows.map(({ name, validationError }) => ({ group: "", name, value: validationError })),
            "validation error, %",
          ),
        },
      ],
    };
  },
};
