import { encode } from "../coding/encode.ts";
import type { Model } from "../onnx/graph.ts";
import { pruningRounds, recipeOf, weightDecay } from "../pruning/recipes.ts";
import { curveChart } from "../report/curves.ts";
import { bitsFor } from "../sharing/share.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import type { Experiment, Figure } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import { factored } from "./low-rank.ts";

/**
 * How far each is pruned; with what bits it is then shared (the paper's: 5, and 8 of convolutions); with what bits it
 * is shared as it is; what part of its squares the factors of a dense layer keep, and the learning rate that they begin with, a third of the recipe's, which
 * is too hot for them.
 */
const NETWORKS = [
  {
    network: "lenet-300-100",
    title: "LeNet-300-100",
    rates: [2, 3, 5, 8, 12, 20, 32, 50],
    bits: [["fc*", 5]],
    widths: [1, 2, 3, 4, 5, 6, 8],
    energies: [0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5],
    factorRate: 0.03,
  },
  {
    network: "lenet-5",
    title: "LeNet-5",
    rates: [3, 8, 12, 20, 40, 80],
    bits: [
      ["conv*", 8],
      ["fc*", 5],
    ],
    widths: [1, 2, 3, 4, 6],
    energies: [0.9, 0.7, 0.5, 0.4, 0.3],
    factorRate: 0.013,
  },
] as const;
type Setup = (typeof NETWORKS)[number];

/** Biases are few, and take no fewer bits. */
const BIAS_BITS = 5;
/** Epochs of retraining, and of training shared values. */
const EPOCHS = 4;
const SHARING_EPOCHS = 2;
/** A network has lost nothing when its validation error is so many points above the dense one's at most. */
const TOLERANCE = 0.1;

type Method = "pruning" | "sharing" | "pruning and sharing" | "SVD";
const METHODS: readonly Method[] = ["pruning", "sharing", "pruning and sharing", "SVD"];

/** A network made smaller. */
interface Point {
  readonly method: Method;
  readonly setting: string;
  /** Of its .esp file, in Deep Compression's coding. */
  readonly bytes: number;
  /** Validation errors right after the last step, and once what is left was trained, percent. */
  readonly before: number;
  readonly after: number;
}

type Candidate = Point & { readonly model: Model };

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
      const candidates = [
        ...(await pruned(lab, setup, model)),
        ...(await sharedOnly(lab, setup, model)),
        ...(await lowRanks(lab, setup, model)),
      ];
      const best = await smallest(lab, candidates, dense.validationError + TOLERANCE);
      const points: Point[] = candidates.map(({ model: _, ...point }) => point);
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

/** Pruned further and further, each network from the one before; and each shared as well. */
async function pruned(lab: Lab, { network, rates, bits }: Setup, dense: Model): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let model = dense;
  for (const rate of lab.some<number>(rates)) {
    const setting = `${rate}x`;
    const rounds = pruningRounds({ kind: "rate", rate }, 1, lab.retraining(network, EPOCHS));
    const run = await lab.run(`dc-fig6-${network}-${setting}`, model, rounds);
    model = run.model;
    const [{ prunedError = Number.NaN, validationError }] = run.results;
    found.push(candidate("pruning", setting, { model, before: prunedError, after: validationError }));
    const plan = { bits: bitsFor(model, bits, BIAS_BITS), epochs: lab.epochs(SHARING_EPOCHS) };
    const shared = await lab.shared(`dc-fig6-${network}-${setting}-shared`, model, plan);
    found.push(candidate("pruning and sharing", setting, shared));
  }
  return found;
}

/** The dense network, shared. */
async function sharedOnly(lab: Lab, { network, widths }: Setup, model: Model): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const width of lab.some<number>(widths)) {
    const bits = bitsFor(model, [["*", width]], Math.max(width, BIAS_BITS));
    const plan = { bits, epochs: lab.epochs(SHARING_EPOCHS) };
    const shared = await lab.shared(`dc-fig6-${network}-${width}-bits`, model, plan);
    found.push(candidate("sharing", `${width} bits`, shared));
  }
  return found;
}

/** The dense network with its dense layers factored, and retrained where that makes it better. */
async function lowRanks(lab: Lab, { network, energies, factorRate }: Setup, dense: Model): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const at = factored(dense);
  for (const energy of lab.some<number>(energies)) {
    const factors = at(energy);
    const before = await lab.validationError(factors);
    const { model, results } = await lab.run(`dc-fig6-${network}-svd-${energy}`, factors, [
      {
        ...lab.retraining(network, EPOCHS),
        name: "retrain",
        learningRate: { policy: "exponential", rate: factorRate, final: factorRate / 30 },
        regularization: weightDecay(factors, { l2: recipeOf(network).prune.l2 }),
      },
    ]);
    const [{ validationError }] = results;
    const better = validationError < before ? { model, after: validationError } : { model: factors, after: before };
    found.push(candidate("SVD", `${Math.round(100 * energy)}% of the squares`, { ...better, before }));
  }
  return found;
}

function candidate(
  method: Method,
  setting: string,
  { model, before, after }: { readonly model: Model; readonly before: number; readonly after: number },
): Candidate {
  return { method, setting, bytes: encode(model, { mode: "huffman" }).length, before, after, model };
}

/** The smallest network of each method that has lost nothing; of pruning and sharing also as coded in contexts. */
async function smallest(lab: Lab, candidates: readonly Candidate[], limit: number) {
  const found = [];
  for (const method of METHODS) {
    const within = candidates.filter((candidate) => candidate.method === method && candidate.after <= limit);
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
