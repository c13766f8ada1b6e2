import { pruningRounds } from "../pruning/recipe-rounds.ts";
import { curveChart } from "../report/curves.ts";
import type { Experiment } from "./experiment.ts";

const NETWORK = "lenet-300-100";
const RATES = [10, 20, 40, 80];
const ROUNDS = [1, 2, 3, 5];
/** Epochs of retraining in all rounds of a run together. */
const EPOCHS = 10;

/** How much more than at once is gained by pruning in rounds, with the same number of epochs. */
export const iterative: Experiment = {
  title: "Iterative pruning against one shot",
  claim: "Pruning and retraining in turn lifts AlexNet's rate from 5x, in one aggressive step, to 9x without a loss.",
  async run(lab) {
    const { model } = await lab.dense(NETWORK);
    const settings = ROUNDS.flatMap((rounds) => RATES.map((rate) => ({ rounds, rate })));
    const points = await lab.each(settings, async ({ rounds, rate }) => {
      const retrain = lab.retraining(NETWORK, EPOCHS);
      const epochs = Math.max(1, Math.round(retrain.epochs / rounds));
      const plan = pruningRounds({ kind: "rate", rate }, rounds, { ...retrain, epochs });
      const { results } = await lab.run(`iterative-${rounds}-${rate}x`, model, plan);
      return { rounds, rate, error: results[results.length - 1].validation };
    });
    // The figure is about the region where networks still work.
    const least = Math.min(...points.map(({ error }) => error));
    const shown = points.filter(({ error }) => error < 4 * least);
    const name = (rounds: number) => (rounds === 1 ? "one shot" : `${rounds} rounds`);
    return {
      measured: { network: NETWORK, dense: await lab.validationError(model), points },
      table: [
        ["", ...RATES.map((rate) => `${rate}x`)],
        ...ROUNDS.map((rounds) => [
          name(rounds),
          ...points.filter((point) => point.rounds === rounds).map(({ error }) => `${error.toFixed(2)}%`),
        ]),
      ],
      figures: [
        {
          name: "iterative",
          caption: `Validation error against density, ${lab.epochs(EPOCHS)} epochs of retraining in all for every point.`,
          picture: curveChart(
            shown.map(({ rounds, rate, error }) => ({ series: name(rounds), x: 100 / rate, y: error })),
            {
              x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
              y: { label: "validation error, %" },
            },
          ),
        },
      ],
    };
  },
};
