import type { Model } from "../onnx/graph.ts";
import { bytesOfAll } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { alone, type Form } from "./form.ts";
import type { Way } from "./ladder.ts";
import { bitsOf, type Treatment } from "./treatment.ts";
import { SAMPLES, type Trials } from "./trials.ts";

/** How much time counts beside bytes: a network all of which computes in float32 takes as much as half of its bytes. */
const TIME = 0.5;

/** A layer's part of all weights, and of all multiplications. */
interface Share {
  readonly weights: number;
  readonly macs: number;
}

/** The shares of a network's layers, by the names of their weights. */
export interface Shares {
  readonly of: ReadonlyMap<string, Share>;
  /** Multiplications of a sample. */
  readonly macs: number;
  /** Bytes of the weights. */
  readonly bytes: number;
}

/** @param typed the network for one sample */
export function sharesOf(base: Model, typed: TypedModel): Shares {
  const outer = layersOf(typed);
  const counts = new Map(macsOf(typed, outer).map((macs, i) => [outer[i].weight, macs]));
  const layers = layersOf(base, { nested: true });
  const macs = [...counts.values()].reduce((sum, own) => sum + own, 0);
  const weights = layers.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
  const of = new Map(
    layers.map(({ weight, tensor }) => [
      weight,
      { weights: tensor.data.length / weights, macs: (counts.get(weight) ?? 0) / Math.max(1, macs) },
    ]),
  );
  return { of, macs, bytes: bytesOfAll(base.initializers.values()) };
}

/** Seconds that trials may take that only tell what layers cost, as far as sizes tell. */
const TELLING = 60;

export interface WaysOptions {
  /** Whether all ways are tried; else the first of each, where that takes no long time. */
  readonly all: boolean;
  /** Is told before each of so many trials. */
  readonly onTrial: (done: number, total: number) => Promise<void>;
}

/** What each layer takes and costs in each way, tried one after the other with all others as they came. */
export async function waysOf(
  form: Form,
  shares: Shares,
  trials: Trials,
  { all, onTrial }: WaysOptions,
): Promise<Map<string, Way[]>> {
  const triedOf = (ways: readonly Treatment[]) => (all ? ways.filter((way) => way !== "float32") : ways.slice(0, 1));
  const total = [...form.ways.values()].reduce((sum, ways) => sum + triedOf(ways).length, 0);
  const found = new Map<string, Way[]>();
  if (!all && total * secondsOf(shares) > TELLING) return found;
  let done = 0;
  for (const [name, ways] of form.ways) {
    const own: Way[] = [{ treatment: "float32", price: priceOf("float32", shares.of.get(name)), cost: 0 }];
    for (const treatment of triedOf(ways)) {
      await onTrial(done++, total);
      const cost = await trials.costOf((model) => form.write(model, alone(form, name, treatment)));
      own.push({ treatment, price: priceOf(treatment, shares.of.get(name)), cost });
    }
    found.set(name, own);
  }
  return found;
}

function priceOf(treatment: Treatment, share: Share | undefined): number {
  if (!share) return 0;
  const isFast = treatment === "int8" || treatment === "int4";
  return (share.weights * bitsOf[treatment]) / 32 + (isFast ? 0 : TIME * share.macs);
}

/** About what a trial takes: to compile the network, and to run the samples. */
const secondsOf = ({ bytes, macs }: Shares) => 0.1 + bytes / 1e8 + (SAMPLES * macs) / 5e9;
