import { countAll } from "../pruning/mask.ts";
import { barChart } from "../report/bars.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import type { Experiment, Rows } from "./experiment.ts";

const LENETS = [
  { network: "lenet-300-100", title: "LeNet-300-100" },
  { network: "lenet-5", title: "LeNet-5" },
] as const;

/** Table 1: what pruning saves without a loss of accuracy. */
export const table1: Experiment = {
  title: "Table 1: parameters saved without loss of accuracy",
  claim:
    "LeNet-300-100 goes from 267K to 22K parameters (12x) at 1.64% to 1.59% error, LeNet-5 from 431K to 36K (12x) at 0.80% to 0.77%.",
  async run(lab) {
    const rows = [];
    for (const { network, title } of LENETS) {
      const dense = (await lab.dense(network)).model;
      const pruned = (await lab.pruned(network)).model;
      const { parameters, nonzero } = countAll(parametersOf(pruned, trainableParameters(pruned)));
      const [before, after] = [await lab.errors(dense), await lab.errors(pruned)];
      rows.push({ network: title, parameters, nonzero, rate: parameters / nonzero, before, after });
    }
    const table: Rows = [
      ["network", "parameters", "left", "rate", "test error, dense", "test error, pruned"],
      ...rows.map((r) => [
        r.network,
        r.parameters,
        r.nonzero,
        `${r.rate.toFixed(1)}x`,
        `${r.before.testError.toFixed(2)}%`,
        `${r.after.testError.toFixed(2)}%`,
      ]),
    ];
    const bars = rows.flatMap((r) => [
      { group: r.network, name: "dense", value: r.parameters },
      { group: r.network, name: "pruned", value: r.nonzero },
    ]);
    return {
      measured: { networks: rows },
      table,
      figures: [{ name: "table1", caption: "Parameters before and after.", picture: barChart(bars, "parameters") }],
    };
  },
};

/** Tables 3 and 4: what is left of each layer. */
function layerByLayer(number: number, network: string, title: string, claim: string): Experiment {
  return {
    title: `Table ${number}: ${title}, layer by layer`,
    claim,
    async run(lab) {
      const { model } = await lab.pruned(network);
      const layers = await layerTable(lab.engine, model, lab.data);
      const bars = layers.flatMap(({ name, density, macsLeft }) => [
        { group: name, name: "weights kept, %", value: 100 * density },
        { group: name, name: "MACs left, %", value: 100 * macsLeft },
      ]);
      return {
        measured: { network, layers },
        table: layerRows(layers),
        figures: [
          {
            name: `table${number}`,
            caption: "Weights kept and MACs left of each layer.",
            picture: barChart(bars, "%"),
          },
        ],
      };
    },
  };
}

function layerRows(layers: readonly LayerRow[]): Rows {
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  const sum = (of: (row: LayerRow) => number) => layers.reduce((total, row) => total + of(row), 0);
  const [weights, macs] = [sum((row) => row.weights), sum((row) => row.macs)];
  return [
    ["layer", "weights", "MACs", "activations %", "weights %", "MACs %"],
    ...layers.map((row) => [
      row.name,
      row.weights,
      row.macs,
      percent(row.activations ?? 1),
      percent(row.density),
      percent(row.macsLeft),
    ]),
    [
      "total",
      weights,
      macs,
      "",
      percent(sum((row) => row.kept) / weights),
      percent(sum((row) => row.macs * row.macsLeft) / macs),
    ],
  ];
}

export const table3 = layerByLayer(
  3,
  "lenet-300-100",
  "LeNet-300-100",
  "8, 9 and 26% of the weights stay in the three layers, 8% in all; 8% of the MACs.",
);

export const table4 = layerByLayer(
  4,
  "lenet-5",
  "LeNet-5",
  "66, 12, 8 and 19% of the weights stay in the four layers, 8% in all; 16% of the MACs.",
);
