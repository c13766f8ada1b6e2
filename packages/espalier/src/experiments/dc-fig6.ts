import { encode } from "../coding/encode.ts";
import type { Model } from "../onnx/graph.ts";
import { curveChart } from "../report/curves.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import { type Candidate, candidates, type Method, type Point, type Setup } from "./dc-methods.ts";
import type { Experiment, Figure } from "./experiment.ts";
import type { Lab } from "./lab.ts";

/** Pruned networks are shared by the paper's bits: 5, and 8 of convolutions. */
const NETWORKS: readonly Setup[] = [
  {
    network: "lenet-300-100",
    title: "LeNet-300-100",
    parts: [0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.4, 1.6],
    bits: [["fc*", 5]],
    widths: [1, 2, 3, 4, 5, 6, 8],
    energies: [0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5],
    factorRate: 0.03,
  },
  {
    network: "lenet-5",
    title: "LeNet-5",
    parts: [0.5, 0.8, 1, 1.3, 1.6, 1.9],
    bits: [
      ["conv*", 8],
      ["fc*", 5],
    ],
    widths: [1, 2, 3, 4, 6],
    energies: [0.9, 0.7, 0.5, 0.4, 0.3],
    factorRate: 0.013,
  },
];

/** A network has lost nothing when its validation error is so many points above the dense one's at most. */
const TOLERANCE = 0.1;

const METHODS: readonly Method[] = ["pruning", "sharing", "pruning and sharing", "SVD"];

/** Figure 6 of Deep Compression: accuracy against size by pruning, sharing, both, and SVD. */
export const dcFig6: Experiment = {
  title: "Deep Compression, figure 6: accuracy against size",
  claim:
    "Pruned alone, or shared alone, AlexNet begins to lose accuracy below 8% of its size; pruned and shared it goes to 3% without a loss. SVD is cheap to do, but compresses poorly.",
  async run(lab) {
    const networks = [];
    const figures: Figure[] = [];
    const rows = [];
    for (const setup of lab.quick ? NETWORKS.slice(0, 1) : NETWORKS) {
      const { network, title } = setup;
      const { model } = await lab.dense(network);
      const dense = { bytes: floatBytes(model), ...(await lab.errors(model)) };
      const all = await candidates(lab, setup, model);
      const best = await smallest(lab, all, dense.validationError + TOLERANCE);
      const points: Point[] = all.map(({ model: _, ...point }) => point);
      networks.push({ network, dense, points, best });
      figures.push(...charts(setup, points, dense));
      const whole = { method: "dense, as float32", setting: "", ...dense };
      for (const { method, setting, bytes, validationError, testError } of [whole, ...best]) {
        const size = percent((100 * bytes) / dense.bytes);
        rows.push([title, method, setting, bytes, size, percent(validationError), percent(testError)]);
      }
      const none = METHODS.filter((method) => !best.some((found) => found.method === method));
      for (const method of none) rows.push([title, method, "none", "", "", "", ""]);
    }
    return {
      measured: { tolerance: TOLERANCE, networks },
      table: [["network", "smallest by", "setting", "bytes", "size", "validation error", "test error"], ...rows],
      figures,
    };
  },
};

/** The smallest network of each method that has lost nothing; of pruning and sharing also as coded in contexts. */
async function smallest(lab: Lab, all: readonly Candidate[], limit: number) {
  const found = [];
  for (const method of METHODS) {
    const within = all.filter((one) => one.method === method && one.after <= limit);
    const [best] = within.sort((a, b) => a.bytes - b.bytes);
    if (!best) continue;
    const { model, setting, bytes } = best;
    const errors = await lab.errors(model);
    found.push({ method, setting, bytes, ...errors });
    if (method !== "pruning and sharing") continue;
    found.push({ method: "the same, coded in contexts", setting, bytes: encode(model).length, ...errors });
  }
  return found;
}

function charts(
  { network, title }: Setup,
  points: readonly Point[],
  dense: { bytes: number; validationError: number },
) {
  const chart = (name: string, caption: string, of: (point: Point) => number): Figure => {
    const all = points.map((point) => {
      return { series: point.method, x: (100 * point.bytes) / dense.bytes, y: of(point) - dense.validationError };
    });
    const least = Math.min(...all.map(({ y }) => y));
    return {
      name: `dc-fig6-${network}${name}`,
      caption: `${title}: ${caption}`,
      picture: curveChart(
        // The figure is about the region without much loss.
        all.filter(({ y }) => y < Math.max(2, least + 1)),
        {
          x: { label: "size, % of the float32 parameters", type: "log", reverse: true, tickFormat: "~r" },
          y: { label: "loss of accuracy, points" },
        },
      ),
    };
  };
  return [
    chart("", "loss of accuracy on the validation split against the size of the file.", ({ after }) => after),
    chart("-before", "the same, before what is left is trained.", ({ before }) => before),
  ];
}

function floatBytes(model: Model): number {
  const parameters = [...parametersOf(model, trainableParameters(model)).values()];
  return parameters.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
