import { encode } from "../coding/encode.ts";
import type { Model } from "../onnx/graph.ts";
import { recipeOf } from "../pruning/recipes.ts";
import { bitsFor } from "../sharing/share.ts";
import { weightDecay } from "../training/weight-decay.ts";
import type { Lab } from "./lab.ts";
import { factored } from "./low-rank.ts";

/** How a network is made smaller by each method. */
export interface Setup {
  readonly network: string;
  readonly title: string;
  /** How far it is pruned, each time from where it is: the densities of its recipe to these powers. */
  readonly parts: readonly number[];
  /** Bits by which the pruned networks are shared. */
  readonly bits: readonly (readonly [pattern: string, bits: number])[];
  /** Bits by which the dense network is shared. */
  readonly widths: readonly number[];
  /** Parts of a dense layer's squares that its factors keep. */
  readonly energies: readonly number[];
  /** The learning rate with which factors begin: a third of the recipe's, which is too hot for them. */
  readonly factorRate: number;
}

/** Biases are few, and take no fewer bits. */
const BIAS_BITS = 5;
/** Epochs of retraining, and of training shared values. */
const EPOCHS = 4;
const SHARING_EPOCHS = 2;

export type Method = "pruning" | "sharing" | "pruning and sharing" | "SVD";

/** A network made smaller. */
export interface Point {
  readonly method: Method;
  readonly setting: string;
  /** Of its .esp file, in Deep Compression's coding. */
  readonly bytes: number;
  /** Validation errors right after the last step, and once what is left was trained, percent. */
  readonly before: number;
  readonly after: number;
}

export type Candidate = Point & { readonly model: Model };

/** A network made smaller by each method. */
export async function candidates(lab: Lab, setup: Setup, dense: Model): Promise<Candidate[]> {
  return [
    ...(await pruned(lab, setup, dense)),
    ...(await sharedOnly(lab, setup, dense)),
    ...(await lowRanks(lab, setup, dense)),
  ];
}

/** Pruned further and further, each network from the one before; and each shared as well. */
async function pruned(lab: Lab, { network, parts, bits }: Setup, dense: Model): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const { target } = recipeOf(network).prune;
  let model = dense;
  for (const part of lab.some(parts)) {
    const name = `dc-fig6-${network}-${part}`;
    const run = await lab.run(name, model, [
      { ...lab.retraining(network, EPOCHS), name: "prune", prune: { target, part } },
    ]);
    model = run.model;
    const [{ pruned = Number.NaN, validation, density }] = run.results;
    const setting = `${(1 / density).toFixed(1)}x`;
    found.push(candidate("pruning", setting, { model, before: pruned, after: validation }));
    const plan = { bits: bitsFor(model, bits, BIAS_BITS), epochs: lab.epochs(SHARING_EPOCHS) };
    found.push(candidate("pruning and sharing", setting, await lab.shared(`${name}-shared`, model, plan)));
  }
  return found;
}

/** The dense network, shared. */
async function sharedOnly(lab: Lab, { network, widths }: Setup, model: Model): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const width of lab.some(widths)) {
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
  for (const energy of lab.some(energies)) {
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
    const [{ validation }] = results;
    const better = validation < before ? { model, after: validation } : { model: factors, after: before };
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
