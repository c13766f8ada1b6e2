import { barChart } from "../report/bars.ts";
import { layerTable } from "../report/layer-table.ts";
import type { Experiment } from "./experiment.ts";

/** Energy of one 32-bit operation in a 45 nm process, pJ (Han et al., NIPS 2015, figure 1, after Horowitz). */
const PICOJOULES = { multiply: 3.7, add: 0.9, dram: 640, sram: 5 } as const;

/** Where the weights are fetched from, and what it costs to tell where a weight belongs: half a word each. */
const MEMORIES = [
  { memory: "DRAM", fetch: PICOJOULES.dram },
  { memory: "SRAM", fetch: PICOJOULES.sram },
] as const;
const INDEX_WORDS = 0.5;

/** Figure 1's argument: fetching weights costs far more than computing with them. */
export const energy: Experiment = {
  title: "Energy of one inference",
  claim:
    "Fetching a weight from DRAM costs 640 pJ, a multiplication 3.7 pJ: large networks spend their energy on memory, and a network that fits into SRAM needs a hundredth of it.",
  async run(lab) {
    const rows = [];
    for (const network of ["lenet-300-100", "lenet-5"]) {
      const { model } = await lab.pruned(network);
      const layers = await layerTable(lab.engine, model, lab.data);
      const sum = (of: (row: (typeof layers)[number]) => number) => layers.reduce((total, row) => total + of(row), 0);
      const arithmetic = PICOJOULES.multiply + PICOJOULES.add;
      const [macs, macsLeft] = [sum((row) => row.macs), sum((row) => row.macs * row.macsLeft)];
      const [weights, kept] = [sum((row) => row.weights), sum((row) => row.kept)];
      for (const { memory, fetch } of MEMORIES) {
        const before = { weights: weights * fetch, arithmetic: macs * arithmetic };
        const after = { weights: kept * (1 + INDEX_WORDS) * fetch, arithmetic: macsLeft * arithmetic };
        const total = (e: typeof before) => e.weights + e.arithmetic;
        rows.push({ network, memory, before, after, factor: total(before) / total(after) });
      }
    }
    const microjoules = (picojoules: number) => picojoules / 1e6;
    const bars = rows
      .filter(({ memory }) => memory === "DRAM")
      .flatMap(({ network, before, after }) => [
        { group: network, name: "fetching, dense", value: microjoules(before.weights) },
        { group: network, name: "fetching, pruned", value: microjoules(after.weights) },
        { group: network, name: "arithmetic, dense", value: microjoules(before.arithmetic) },
        { group: network, name: "arithmetic, pruned", value: microjoules(after.arithmetic) },
      ]);
    return {
      measured: { picojoules: PICOJOULES, indexWords: INDEX_WORDS, rows },
      table: [
        ["network", "weights in", "fetching, dense, µJ", "pruned", "arithmetic, dense, µJ", "pruned", "less energy"],
        ...rows.map(({ network, memory, before, after, factor }) => [
          network,
          memory,
          ...[before.weights, after.weights, before.arithmetic, after.arithmetic].map((e) => microjoules(e).toFixed(3)),
          `${factor.toFixed(1)}x`,
        ]),
      ],
      figures: [
        {
          name: "energy",
          caption: "Microjoules for one image, weights in DRAM; each kept weight with half a word for its place.",
          picture: barChart(bars, "µJ"),
        },
      ],
    };
  },
};
