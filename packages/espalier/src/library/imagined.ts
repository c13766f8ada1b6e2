import { forSamples } from "../adoption/samples.ts";
import { batchOf, readInOrder, type TensorSpec } from "../data/dataset.ts";
import { noise } from "../data/noise.ts";
import { settle } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { bytesOfAll, sizeOf } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { asTold } from "../sharing/scaled/as-told.ts";
import { type Statistics, statisticsOf } from "../sharing/scaled/statistics.ts";
import type { Told } from "../sharing/scaled/told.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { learnable } from "./learnable.ts";
import { batchedInputs } from "./random-data.ts";

/** What there is to know of a network's weights where nobody gives inputs. */
export interface Imagined {
  /** Where layers were seen on noise. */
  readonly statistics?: Statistics;
  readonly basis: Basis;
}

/**
 * By what weights were rounded without inputs: by layers as they were seen on noise, which so many BatchNormalizations
 * told how to spread; or by the weights alone, with a sentence that says why.
 */
export type Basis =
  | { readonly by: "noise"; readonly layers: number; readonly normalizations: number }
  | { readonly by: "weights"; readonly why: string };

/** Larger networks are rounded by their weights alone: to look at layers takes many times their room. */
const MOST_BYTES = 2 ** 28;
/** Numbers that all samples of noise may be together, and how many samples there are. */
const MOST_NUMBERS = 2 ** 23;
const [FEWEST_SAMPLES, MOST_SAMPLES] = [8, 64];

/** A network of which nobody gives inputs. */
export interface Unseen {
  /** In its trainable form. */
  readonly model: Model;
  /** By the network before its normalizations became part of other layers. */
  readonly told: ReadonlyMap<string, Told>;
  readonly seed: number;
  readonly hooks: Hooks;
}

/**
 * Looks at a network on noise, with its values spread as the network tells of real inputs.
 * @returns no statistics, but why not, where it tells nothing, or does not run on noise
 * @throws the signal's reason
 */
export async function imagined(engine: Engine, unseen: Unseen): Promise<Imagined> {
  try {
    return await lookedAt(engine, unseen);
  } catch (error) {
    // No mistake of the user's: who gives no inputs is only told that some do not fit.
    if (error instanceof UserError) return { basis: { by: "weights", why: error.message } };
    throw error;
  }
}

async function lookedAt(engine: Engine, { model, told, seed, hooks }: Unseen): Promise<Imagined> {
  if (told.size === 0) throw new UserError("No BatchNormalization tells of real inputs.");
  if (bytesOfAll(model.initializers.values()) > MOST_BYTES) {
    throw new UserError(
      `To look at layers takes many times the room of the weights, which have more than ${MOST_BYTES / 2 ** 20} MB.`,
    );
  }
  const { signal } = hooks;
  const onWork = workOf(hooks);
  const inputs = await noisyInputs(engine, model, seed);
  const size = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const samples = Math.max(FEWEST_SAMPLES, Math.min(MOST_SAMPLES, Math.floor(MOST_NUMBERS / size)));
  const data = noise(inputs, samples, seed);
  const { network, batch, kinds } = await learnable(engine, forSamples(model, data), data);
  if (batch > samples) throw new UserError(`The network takes ${batch} samples at a time, and noise has ${samples}.`);
  const typed = await settle(engine, upgrade(network), { batch });
  const { tensors: fed, arrays } = batchOf(inputs, batch);
  await readInOrder(data.train, 0, batch, arrays);
  const { model: moved, count } = await asTold(engine, typed, told, fed);
  if (count === 0) throw new UserError("What BatchNormalizations tell fits nothing in the simplified network.");
  const onPart = (part: number) => onWork("Looking at the layers on noise", part, 1);
  const statistics = await statisticsOf(engine, moved, data, { batch, seed, kinds, signal, onPart });
  return { statistics, basis: { by: "noise", layers: statistics.layers.size, normalizations: count } };
}

/**
 * The inputs without the batch, for which the network runs on noise.
 * @throws UserError where it does not
 */
async function noisyInputs(engine: Engine, model: Model, seed: number): Promise<TensorSpec[]> {
  const other = fedInputs(model).find(({ dtype }) => dtype !== "float32");
  if (other) throw new UserError(`The input "${other.name}" is ${other.dtype}, and noise is float32.`);
  const { shapes } = await batchedInputs(engine, model, seed);
  return Object.entries(shapes).map(([name, shape]) => ({ name, dtype: "float32", shape: shape.slice(1) }));
}
