import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { pruningRounds } from "../pruning/recipe-rounds.ts";
import type { Round } from "../pruning/round.ts";
import { chooseMasks } from "../pruning/target.ts";
import { curveChart } from "../report/curves.ts";
import { applyMasks, parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import type { Regularization } from "../training/step-graph.ts";
import { weightDecay } from "../training/weight-decay.ts";
import type { Experiment } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lenet-300-100";
const RATES = [2, 3, 5, 8, 12, 20, 32, 50];
const RETRAINING = 4;

const regularizations = { L1: { l1: 5e-5 }, L2: { l2: 5e-4 } } as const;
type Kind = keyof typeof regularizations;

interface Point {
  readonly curve: string;
  readonly rate: number;
  /** Validation error, percent; and how far it is above the dense network's. */
  readonly error: number;
  readonly loss: number;
}

/** Figure 5: the trade-off between parameters and accuracy, by regularization and with or without retraining. */
export const fig5: Experiment = {
  title: "Figure 5: the trade-off curve",
  claim:
    "Without retraining L1 is better than L2, as it pushes more parameters near zero; with retraining L2 is better, and iterative pruning is best: 9x without a loss, where pruning at once without retraining begins to lose at 2x.",
  async run(lab) {
    const points: Point[] = [];
    for (const kind of ["L1", "L2"] as const) {
      const dense = await trained(lab, kind);
      const base = await lab.validationError(dense);
      const add = (curve: string, rate: number, error: number) =>
        points.push({ curve, rate, error, loss: error - base });
      const errors = await lab.each(RATES, async (rate) => {
        const before = await lab.validationError(prunedAt(dense, rate));
        const [once] = pruningRounds({ kind: "rate", rate }, 1, retraining(lab, dense, regularizations[kind]));
        const { results } = await lab.run(`fig5-${kind}-${rate}x`, dense, [once]);
        return { rate, before, after: results[0].validation };
      });
      for (const { rate, before, after } of errors) {
        add(`${kind}, no retraining`, rate, before);
        add(`${kind}, retrained`, rate, after);
      }
      if (kind === "L1") continue;
      const rounds = RATES.flatMap((rate) =>
        pruningRounds({ kind: "rate", rate }, 1, retraining(lab, dense, regularizations.L2)),
      );
      const { results } = await lab.run("fig5-iterative", dense, rounds);
      for (const [i, { validation }] of results.entries()) add("L2, iterative", RATES[i], validation);
    }
    const away = (rate: number) => 100 * (1 - 1 / rate);
    // The figure is about the region without much loss; beyond it the curves without retraining leave it.
    const shown = points.filter(({ loss }) => loss < 5);
    return {
      measured: { network: NETWORK, points },
      table: [
        ["curve", ...RATES.map((rate) => `${rate}x`)],
        ...[...new Set(points.map(({ curve }) => curve))].map((curve) => [
          curve,
          ...points.filter((point) => point.curve === curve).map(({ error }) => `${error.toFixed(2)}%`),
        ]),
      ],
      figures: [
        {
          name: "fig5",
          caption: "Loss of accuracy on the validation split against the parameters that were pruned away.",
          picture: curveChart(
            shown.map(({ curve, rate, loss }) => ({ series: curve, x: away(rate), y: loss })),
            { x: { label: "parameters pruned away, %" }, y: { label: "loss of accuracy, points" } },
          ),
        },
      ],
    };
  },
};

/** The dense network trained with one of the regularizations. */
async function trained(lab: Lab, kind: Kind): Promise<Model> {
  const model = lab.untrained(NETWORK);
  const { train, batch } = lab.recipe(NETWORK);
  const regularization = weightDecay(model, regularizations[kind]);
  return (await lab.run(`fig5-${kind}-dense`, model, [{ ...train, regularization }], batch)).model;
}

/** A tenth of the first learning rate, as the paper retrains LeNet. */
function retraining(lab: Lab, model: Model, regularization: Regularization): Omit<Round, "name" | "prune"> {
  const { train } = lab.recipe(NETWORK);
  return {
    epochs: lab.epochs(RETRAINING),
    optimizer: train.optimizer,
    learningRate: { policy: "exponential", rate: 0.01, final: 0.001 },
    regularization: weightDecay(model, regularization),
  };
}

function prunedAt(model: Model, rate: number): Model {
  const parameters = parametersOf(model, trainableParameters(model));
  return withParameters(
    model,
    applyMasks(parameters, chooseMasks({ kind: "rate", rate }, layersOf(model), parameters)),
  );
}
