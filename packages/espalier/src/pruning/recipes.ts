import { UserError } from "../errors.ts";
import type { Optimizer } from "../training/optimizer.ts";
import type { Policy } from "../training/schedule.ts";
import type { RetrainingDropout } from "./dropout.ts";
import type { Gradual } from "./gradual.ts";
import type { Target } from "./target.ts";

/** How a network is trained, and how it is pruned and retrained. */
export interface Recipe {
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly train: Phase;
  readonly prune: Retraining;
}

interface Retraining extends Phase {
  readonly target: Target;
  readonly rounds: number;
  readonly gradual?: Gradual;
  /** Default: adjusted to the connections that are left. */
  readonly dropout?: RetrainingDropout;
}

/** A stretch of training. */
export interface Phase {
  /** Epochs; of each round where there are several. */
  readonly epochs: number;
  readonly learningRate: Policy;
  /** L2 regularization of the weights. */
  readonly l2: number;
}

/** Just over 12x, as in the paper's table 3, but with more of the small layers kept: `espalier scan` finds them more sensitive. */
const SENSITIVE_300_100 = {
  kind: "density",
  layers: [
    ["fc1", 0.075],
    ["fc2", 0.12],
    ["fc3", 0.4],
  ],
} as const;

/**
 * Just over 12x, as in the paper's table 4, but with more of the convolutions kept: `espalier scan` finds them more
 * sensitive, and all of them have fewer weights than a tenth of fc1.
 */
const SENSITIVE_5 = {
  kind: "density",
  layers: [
    ["conv1", 0.8],
    ["conv2", 0.4],
    ["fc1", 0.057],
    ["fc2", 0.3],
  ],
} as const;

/**
 * 10x. `espalier scan` finds that what stands for tokens, and what of them enters the cells of the first layer, is
 * sensitive, the gates are much less so, and the second layer hardly at all.
 */
const SENSITIVE_LSTM = {
  kind: "density",
  layers: [
    ["embedding1", 0.6],
    ["lstm1.W.c", 0.4],
    ["lstm1.W.[iof]", 0.15],
    ["lstm1.R.c", 0.15],
    ["lstm1.R.i", 0.12],
    ["lstm1.R.[of]", 0.07],
    ["lstm2.W.c", 0.1],
    ["lstm2.W.[iof]", 0.06],
    ["lstm2.R.c", 0.08],
    ["lstm2.R.[iof]", 0.045],
    ["out", 0.45],
  ],
} as const;

/**
 * 10x of 512 units: between what the Fisher information and the first-order Taylor expansion keep of the dense network
 * with one limit for all layers. What enters the cells is kept the most, forget gates hardly.
 */
const SENSITIVE_LSTM_512 = {
  kind: "density",
  layers: [
    ["embedding1", 0.7],
    ["lstm1.W.c", 0.47],
    ["lstm1.W.[io]", 0.13],
    ["lstm1.W.f", 0.065],
    ["lstm1.R.c", 0.32],
    ["lstm1.R.[io]", 0.08],
    ["lstm1.R.f", 0.045],
    ["lstm2.W.c", 0.18],
    ["lstm2.W.i", 0.05],
    ["lstm2.W.o", 0.085],
    ["lstm2.W.f", 0.016],
    ["lstm2.R.c", 0.075],
    ["lstm2.R.i", 0.02],
    ["lstm2.R.o", 0.035],
    ["lstm2.R.f", 0.01],
    ["out", 0.58],
  ],
} as const;

/** 10x. What stands for tokens and the last layer are kept the most, perceptrons the least. */
const SENSITIVE_GPT = {
  kind: "density",
  layers: [
    ["embedding1", 0.6],
    ["block*.attention.qkv", 0.11],
    ["block*.attention.out", 0.1],
    ["block*.fc*", 0.08],
    ["out", 0.5],
  ],
} as const;

/** 10x. The few weights of what looks at pictures, and of what stands for words, are left whole the most. */
const SENSITIVE_CAPTIONER = {
  kind: "density",
  layers: [
    ["conv1", 0.8],
    ["conv2", 0.5],
    ["conv3", 0.4],
    ["Wi", 0.1],
    ["We", 0.5],
    ["lstm1.*.c", 0.12],
    ["lstm1.*.[iof]", 0.07],
    ["Wd", 0.5],
  ],
} as const;

const exponential = (rate: number, final: number) => ({ policy: "exponential", rate, final }) as const;
const cosine = (rate: number, final = 1e-4) => ({ policy: "cosine", rate, final }) as const;

/** SGD in batches of 64, as both networks are trained here. */
function lenet(train: Recipe["train"], prune: Recipe["prune"]): Recipe {
  return { batch: 64, optimizer: { name: "sgd", momentum: 0.9 }, train, prune };
}

/**
 * Retraining begins as hot as the training did, or hotter; for LeNet-300-100 with less regularization: on validation
 * better than a tenth or a third of the rate, and than the same regularization.
 */
const hot300 = { target: SENSITIVE_300_100, learningRate: exponential(0.1, 0.0005), l2: 3e-4 };
const hot5 = { target: SENSITIVE_5, learningRate: exponential(0.04, 0.0003), l2: 5e-4 };
const train300 = { learningRate: exponential(0.1, 0.005), l2: 5e-4 };
const train5 = { learningRate: exponential(0.02, 0.0005), l2: 5e-4 };

const TENFOLD = { kind: "rate", rate: 10 } as const;

/** A recurrent network for text, pruned little by little at a rate that is hotter than any of its training. */
function text(epochs: number, retraining: number, target: Target): Recipe {
  const gradual = { every: 50, until: 0.4 };
  return {
    batch: 16,
    optimizer: { name: "adam" },
    train: { learningRate: cosine(3e-3), l2: 0, epochs },
    prune: { learningRate: cosine(5e-3), l2: 0, target, rounds: 1, epochs: retraining, gradual },
  };
}

/** Retrained with more dropout than the paper's formula gives: of a million characters much is soon known by heart. */
function text512(epochs: number, retraining: number): Recipe {
  const { train, prune, ...recipe } = text(epochs, retraining, SENSITIVE_LSTM_512);
  return {
    ...recipe,
    train: { ...train, learningRate: cosine(2e-3) },
    prune: { ...prune, learningRate: cosine(3e-3), dropout: 0.15 },
  };
}

/** A transformer is trained at lower rates than what is recurrent. */
function gpt(epochs: number, retraining: number): Recipe {
  const { train, prune, ...recipe } = text(epochs, retraining, SENSITIVE_GPT);
  return {
    ...recipe,
    train: { ...train, learningRate: cosine(1e-3) },
    prune: { ...prune, learningRate: cosine(1.5e-3) },
  };
}

function captioner(epochs: number, retraining: number): Recipe {
  const { prune, ...recipe } = text(epochs, retraining, SENSITIVE_CAPTIONER);
  return {
    ...recipe,
    batch: 50,
    train: { ...recipe.train, learningRate: cosine(1e-3, 5e-5) },
    prune: { ...prune, learningRate: cosine(2e-3, 5e-5) },
  };
}

/** The recipes of the networks that come with Espalier. */
export const recipes: Readonly<Record<string, { readonly full: Recipe; readonly quick: Recipe }>> = {
  "lenet-300-100": {
    full: lenet({ ...train300, epochs: 20 }, { ...hot300, rounds: 2, epochs: 18 }),
    quick: lenet({ ...train300, epochs: 7 }, { ...hot300, rounds: 2, epochs: 6 }),
  },
  "lenet-5": {
    full: lenet({ ...train5, epochs: 15 }, { ...hot5, rounds: 2, epochs: 10 }),
    quick: lenet({ ...train5, epochs: 3 }, { ...hot5, rounds: 1, epochs: 3 }),
  },
  lstm: { full: text(8, 8, SENSITIVE_LSTM), quick: text(2, 2, SENSITIVE_LSTM) },
  "lstm-512": { full: text512(6, 8), quick: text512(2, 2) },
  gru: { full: text(8, 8, TENFOLD), quick: text(2, 2, TENFOLD) },
  gpt: { full: gpt(8, 8), quick: gpt(2, 2) },
  neuraltalk: { full: captioner(12, 12), quick: captioner(1, 1) },
};

/** The recipe of a network, where it comes with one. */
export function findRecipe(network: string) {
  return Object.hasOwn(recipes, network) ? recipes[network] : undefined;
}

/**
 * The recipe of a network.
 * @throws UserError where it comes with none
 */
export function recipeOf(network: string, quick = false): Recipe {
  const found = findRecipe(network);
  if (!found) {
    throw new UserError(`There is no recipe for "${network}": choose one of ${Object.keys(recipes).join(", ")}.`);
  }
  return quick ? found.quick : found.full;
}
