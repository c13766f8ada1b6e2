import { scanCost } from "../pruning/scan-cost.ts";
import { scanLayers, sensitivityFields } from "../pruning/sensitivity.ts";
import { sensitivityChart } from "../report/curves.ts";
import { error } from "../tasks/measures/error.ts";
import type { Experiment } from "./experiment.ts";

const DENSITIES = [1, 0.8, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03];

/** Figure 6: the sensitivity of each layer. */
export const fig6: Experiment = {
  title: "Figure 6: sensitivity of each layer",
  claim:
    "CONV layers are more sensitive than FC layers, the first most of all, as it looks at the input with few channels.",
  async run(lab) {
    const networks = [];
    const figures = [];
    for (const [network, title] of [
      ["lenet-5", "LeNet-5"],
      ["lenet-300-100", "LeNet-300-100"],
    ] as const) {
      const { model } = await lab.dense(network);
      const { layers } = await scanLayers(lab.engine, model, lab.data, { densities: DENSITIES });
      const cost = await scanCost(lab.engine, model, { densities: DENSITIES });
      networks.push({ network, layers, cost });
      // The picture is about where the error begins to rise.
      const points = layers.flatMap(({ name, points }) => points.map((point) => ({ layer: name, ...point })));
      figures.push({
        name: `fig6-${network}`,
        caption: `${title}: validation error when one layer alone is pruned, not retrained.`,
        picture: sensitivityChart(
          points.filter(({ value }) => value < 20),
          error,
        ),
      });
    }
    return {
      measured: {
        networks: networks.map(({ layers, ...network }) => ({
          ...network,
          layers: layers.map((layer) => sensitivityFields(error, layer)),
        })),
      },
      table: [
        ["layer", ...DENSITIES.map((density) => `${(100 * density).toFixed(0)}%`)],
        ...networks.flatMap(({ network, layers }) =>
          layers.map(({ name, points }) => [
            `${network} ${name}`,
            ...points.map(({ value }) => `${value.toFixed(2)}%`),
          ]),
        ),
      ],
      figures,
    };
  },
};
