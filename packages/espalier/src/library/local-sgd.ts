import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { bytesOfAll } from "../onnx/tensor.ts";
import { OptionsError } from "../options-error.ts";
import { type RoundSizes, stepsBetweenMeans } from "../training/local-sgd/interval.ts";
import { checkShards, type LocalSgd } from "../training/local-sgd/options.ts";
import { type Optimizer, type Transform, transformOf } from "../training/optimizer.ts";
import { parametersOf, runningStatistics, trainableParameters } from "../training/parameters.ts";
import type { Hooks } from "./hooks.ts";
import { layerMacs } from "./layer-macs.ts";
import type { ShardSettings } from "./options/shards.ts";

/** What is trained on shards. */
export interface Sharding {
  readonly model: Model;
  readonly data: LearningData;
  readonly batch: number;
  readonly optimizer: Optimizer | Transform;
  readonly frozen: ReadonlySet<string>;
}

/**
 * How options say to train on shards; undefined where they do not. How seldom means are taken is told.
 * @throws UserError for options that nothing would read, or data that cannot be divided
 */
export async function localSgdOf(
  engine: Engine,
  { model, data, batch, optimizer, frozen }: Sharding,
  { shards, localSteps, outerMomentum, outerRate }: ShardSettings,
  { executor, onProgress }: Hooks,
): Promise<LocalSgd | undefined> {
  if (shards === undefined) {
    const idle = Object.entries({ localSteps, outerMomentum, outerRate }).find(([, value]) => value !== undefined);
    if (!idle) return undefined;
    throw new OptionsError((o) => `${o(idle[0])} is about training on shards: give ${o("shards")} too.`);
  }
  checkShards(data, shards, batch);
  const free = trainableParameters(model).filter((name) => !frozen.has(name));
  const trained = bytesOfAll(parametersOf(model, free).values());
  const bytes =
    trained * (1 + transformOf(optimizer).slots.length) +
    bytesOfAll(parametersOf(model, runningStatistics(model)).values());
  const epoch = Math.floor(Math.floor(data.train.size / shards) / batch);
  const steps = Math.min(epoch, localSteps ?? (await usualSteps(engine, model, { shards, bytes, batch, epoch })));
  onProgress?.({ kind: "note", text: sentence(shards, steps, epoch, bytes) });
  return {
    shards,
    localSteps: steps,
    outer: { momentum: outerMomentum ?? usualMomentum(shards), rate: outerRate ?? 1 },
    executor,
  };
}

/**
 * N shards take a step each where one process takes N in a row: with a momentum of 1 - 1/N, the mean goes N times as far in
 * the end. Beyond DiLoCo's 0.9 it would swing.
 */
const usualMomentum = (shards: number) => Math.min(0.9, 1 - 1 / shards);

async function usualSteps(
  engine: Engine,
  model: Model,
  { batch, ...sizes }: Omit<RoundSizes, "macs"> & { readonly batch: number },
): Promise<number> {
  const macs = [...(await layerMacs(engine, model)).values()].reduce((sum, each) => sum + each, 0);
  return stepsBetweenMeans({ ...sizes, macs: batch * macs });
}

/** What was chosen, as plain data. */
export function settingsOf(local: LocalSgd | undefined): object {
  if (!local) return {};
  const { shards, localSteps, outer } = local;
  return { local: { shards, localSteps, outer } };
}

function sentence(shards: number, steps: number, epoch: number, bytes: number): string {
  const all = steps === epoch ? ", a whole epoch," : "";
  const megabytes = (bytes / 1e6).toPrecision(3);
  return `Each of ${shards} shards takes ${steps} of its ${epoch} steps in an epoch${all} before the mean of all is taken, of ${megabytes} MB each.`;
}
