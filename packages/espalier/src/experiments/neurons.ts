import { compare } from "../engine/compare.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { layersOf } from "../operators/layers.ts";
import { pruningRounds } from "../pruning/recipe-rounds.ts";
import { removeDeadUnits } from "../pruning/units/remove.ts";
import { barChart } from "../report/bars.ts";
import type { Regularization } from "../training/step-graph.ts";
import { weightDecay } from "../training/weight-decay.ts";
import type { Experiment } from "./experiment.ts";

const NETWORK = "lenet-300-100";
const RATE = 30;
const EPOCHS = 8;
const REGULARIZATIONS: readonly (readonly [name: string, Regularization])[] = [
  ["none", {}],
  ["L2, 0.0005", { l2: 5e-4 }],
  ["L1, 0.00005", { l1: 5e-5 }],
];

/** Section 3.5: whether units that lost their outputs lose their inputs by themselves, and what removing them saves. */
export const neurons: Experiment = {
  title: "Dead neurons",
  claim:
    "A neuron without outputs gets no gradient from the loss, so regularization alone moves its inputs to zero: dead neurons come about by themselves while retraining, and can be removed.",
  async run(lab) {
    const { model } = await lab.dense(NETWORK);
    const rows = [];
    for (const [name, regularization] of REGULARIZATIONS) {
      const retrain = { ...lab.retraining(NETWORK, EPOCHS), regularization: weightDecay(model, regularization) };
      const rounds = pruningRounds({ kind: "rate", rate: RATE }, 1, retrain);
      const { model: pruned, results } = await lab.run(`neurons-${name}`, model, rounds);
      const { units, before, after } = inputsOfUnread(model, pruned);
      const { model: smaller, layers } = await removeDeadUnits(lab.engine, pruned);
      const { difference, milliseconds } = await compare(lab.engine, pruned, smaller);
      rows.push({
        regularization: name,
        validationError: results[0].validation,
        unread: units,
        magnitude: { before, after },
        layers,
        difference,
        milliseconds,
      });
    }
    return {
      measured: { network: NETWORK, rate: RATE, rows },
      table: [
        [
          "regularization",
          "validation error",
          "units without outputs",
          "mean magnitude of their inputs, pruned",
          "retrained",
          "units left",
          "ms a sample",
          "without them",
          "largest difference",
        ],
        ...rows.map((row) => [
          row.regularization,
          `${row.validationError.toFixed(2)}%`,
          row.unread,
          row.magnitude.before.toExponential(1),
          row.magnitude.after.toExponential(1),
          row.layers.map(({ after }) => after).join("-"),
          row.milliseconds[0].toFixed(3),
          row.milliseconds[1].toFixed(3),
          row.difference.toExponential(1),
        ]),
      ],
      figures: [
        {
          name: "neurons",
          caption:
            "Mean magnitude of the live connections into units that nothing reads, right after pruning and after retraining.",
          picture: barChart(
            rows.flatMap(({ regularization, magnitude }) => [
              { group: regularization, name: "pruned", value: magnitude.before },
              { group: regularization, name: "retrained", value: magnitude.after },
            ]),
            "magnitude",
          ),
        },
      ],
    };
  },
};

/** The connections into units of dense layers that the next layer reads nothing of, before and after retraining. */
function inputsOfUnread(dense: Model, pruned: Model) {
  let units = 0;
  let connections = 0;
  let [before, after] = [0, 0];
  const layers = layersOf(pruned);
  for (const [i, { tensor, weight }] of layers.slice(0, -1).entries()) {
    const next = layers[i + 1].tensor;
    const first = dense.initializers.get(weight);
    const [rows, inputs] = tensor.dims;
    for (let unit = 0; unit < rows; unit++) {
      if (next.data.some((w, j) => w !== 0 && j % rows === unit)) continue;
      units++;
      for (let j = unit * inputs; j < (unit + 1) * inputs; j++) {
        if (tensor.data[j] === 0) continue;
        connections++;
        before += isFloat32(first) ? Math.abs(first.data[j]) : 0;
        after += Math.abs(tensor.data[j]);
      }
    }
  }
  return { units, before: before / Math.max(1, connections), after: after / Math.max(1, connections) };
}
