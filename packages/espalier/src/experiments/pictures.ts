import { histogramChart } from "../report/histogram-chart.ts";
import { maskPng } from "../report/mask-image.ts";
import { histogramsOf, maskPicture } from "../report/pictures.ts";
import type { Experiment, Figure } from "./experiment.ts";

/** Figure 8: how the weights are spread before and after. */
export const histograms: Experiment = {
  title: "Figure 8: the weights before and after",
  claim: "Pruning cuts the middle of the distribution away; after retraining it has two peaks and is wider.",
  async run(lab) {
    const measured = [];
    const figures: Figure[] = [];
    for (const network of ["lenet-300-100", "lenet-5"]) {
      const dense = (await lab.dense(network)).model;
      const pruned = (await lab.pruned(network)).model;
      for (const { layer, before, after } of histogramsOf(dense, pruned)) {
        measured.push({ network, layer, before, after });
        figures.push({
          name: `histogram-${network}-${layer}`,
          caption: `${network}, ${layer}: dense as an outline, pruned and retrained in green, each to its own highest bin.`,
          picture: histogramChart(before, after),
        });
      }
    }
    const spread = ({ edges, counts }: { readonly edges: readonly number[]; readonly counts: readonly number[] }) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      const square = counts.reduce((sum, count, i) => sum + count * ((edges[i] + edges[i + 1]) / 2) ** 2, 0);
      return Math.sqrt(square / Math.max(1, all));
    };
    return {
      measured: { layers: measured },
      table: [
        ["layer", "root mean square, dense", "of the survivors"],
        ...measured.map(({ network, layer, before, after }) => [
          `${network} ${layer}`,
          spread(before).toFixed(4),
          spread(after).toFixed(4),
        ]),
      ],
      figures,
    };
  },
};

/** Figure 7: what the first layer still looks at. */
export const mask: Experiment = {
  title: "Figure 7: the first layer's mask",
  claim:
    "The mask of LeNet-300-100's first layer has 28 bands, as the borders of the 28 by 28 image are not looked at.",
  async run(lab) {
    const { model } = await lab.pruned("lenet-300-100");
    const picture = maskPicture(model, lab.data.inputs[0].shape);
    if (!picture) throw new Error("LeNet-300-100's first layer looks at whole images.");
    const { rows, columns, kept, columnsPerBand } = picture;
    const perColumn = Array.from({ length: columnsPerBand }, (_, x) => {
      let sum = 0;
      for (let i = x; i < rows * columns; i += columnsPerBand) sum += kept[i];
      return sum;
    });
    const middle = perColumn.slice(7, 21).reduce((sum, count) => sum + count, 0);
    const border = [...perColumn.slice(0, 3), ...perColumn.slice(-3)].reduce((sum, count) => sum + count, 0);
    return {
      measured: { rows, columns, bands: columns / columnsPerBand, perImageColumn: perColumn },
      table: [
        ["columns of the image", "connections"],
        ["the 14 in the middle", middle],
        ["the 3 at the left and the 3 at the right", border],
      ],
      figures: [
        {
          name: "mask",
          caption: `A row for each of ${rows} units, a column for each of ${columns} pixels; dark means kept.`,
          picture: maskPng(picture),
        },
      ],
    };
  },
};
