import { z } from "zod";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { untreated } from "../adoption/untreated.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { importanceOf } from "../sharing/importance.ts";
import { type RetrainOptions, retrain } from "../sharing/retrain.ts";
import { rowsOf } from "../sharing/rows.ts";
import { searchSharing } from "../sharing/search.ts";
import { bitsFor, share, withShared } from "../sharing/share.ts";
import { MOST_BITS } from "../sharing/shared.ts";
import { worsened } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { evaluate } from "../training/evaluate.ts";
import { parametersOf } from "../training/parameters.ts";
import { checkNotQuantized } from "./check-quantized.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { checkWeights } from "./network.ts";
import type { PerLayer } from "./options/notation.ts";
import { checkOptions } from "./options/option.ts";
import { SHARING_EPOCHS, SHARING_RATE, shareOptions } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import { NOTHING_SHARED, type SharedForm, type ShareResult, shareOn } from "./share.ts";
import { distillationOf, usualBatch } from "./training.ts";

const schema = z.object({ ...taskOptions, ...shareOptions });
type Chosen = z.output<typeof schema>;

/** How to share, by `bits`, by the price of a bit or as far as `maxLoss` allows; and how to train the values. */
export type ShareWeightsOptions = z.input<typeof schema> & Hooks;

/**
 * Shares a network's weights (Han et al., arXiv 1510.00149, section 3): many of them become one value, and where there
 * is data the values are trained.
 * @param data what the values are trained on, by the network's own outputs where it has no targets; without data
 *   they stay as the method chose them
 * @throws the signal's reason when it ends the work; UserError for options that do not go together, or data that does
 *   not fit
 */
export async function shareWeights(
  engine: Engine,
  source: Model,
  data: Dataset | undefined,
  options: ShareWeightsOptions,
): Promise<ShareResult> {
  const { hooks, given } = splitHooks(options);
  const chosen = checkOptions(schema, given);
  checkSharing(given, data !== undefined);
  const { bits = EVERY, maxLoss } = chosen;
  if (!data) return shareAlone(engine, source, bits, chosen, hooks);
  const { task, measure, output } = chosen;
  return shareOn(engine, source, data, { task, measure, output, maxLoss }, hooks, (model, own, task) =>
    maxLoss === undefined
      ? byBits(engine, model, own, task, chosen, hooks)
      : bySearch(engine, model, own, task, chosen, maxLoss, hooks),
  );
}

const EVERY = [["*", MOST_BITS]] as const;

/** Shares weights as they are, without data. */
async function shareAlone(
  engine: Engine,
  source: Model,
  bits: PerLayer,
  { biasBits, method, init, lambda, seed }: Chosen,
  { onProgress }: Hooks,
): Promise<ShareResult> {
  const computed = await withComputedWeights(engine, source);
  const form = trainableForm(computed.model, { gates: false });
  checkNotQuantized(source);
  checkWeights(form.model);
  for (const text of [...computed.notes, ...untreated(form.model, true)]) onProgress?.({ kind: "note", text });
  const own = bitsFor(form.model, bits, biasBits, { nested: true });
  const sharing = share(form.model, own, { method, init, lambda, seed });
  const parameters = parametersOf(withShared(form.model, sharing), sharing.keys());
  return { model: form.restore(parameters), sharing, layers: rowsOf(form.model, sharing) };
}

function trainingOf(
  { seed, batch, epochs = SHARING_EPOCHS, learningRate, distill }: Chosen,
  hooks: Hooks,
  { model, task, data }: { readonly model: Model; readonly task: Task; readonly data: Dataset },
) {
  const rate = learningRate ?? SHARING_RATE;
  return {
    seed,
    batch: batch ?? usualBatch(data.train.size),
    signal: hooks.signal,
    onProgress: ({ epoch, step, steps }) =>
      workOf(hooks)("Training the shared values", (epoch - 1) * steps + step, epochs * steps),
    task,
    epochs,
    distillation: distillationOf(distill, model, task),
    learningRate: { policy: "exponential", rate, final: rate / 100 },
  } as const satisfies RetrainOptions;
}

async function byBits(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task,
  chosen: Chosen,
  hooks: Hooks,
): Promise<SharedForm> {
  const { bits = EVERY, biasBits, method, init, lambda, seed } = chosen;
  const own = bitsFor(model, bits, biasBits);
  const training = trainingOf(chosen, hooks, { model, task, data });
  const { batch } = training;
  const importance =
    method === "entropy" ? await importanceOf(engine, model, data, [...own.keys()], { batch, seed, task }) : undefined;
  const sharing = share(model, own, { method, init, lambda, seed, importance });
  const shared = await retrain(engine, model, sharing, data, {
    ...training,
    task,
    onEpoch: (epoch) => hooks.onProgress?.({ kind: "epoch", round: "share", epoch, epochs: training.epochs }),
  });
  if (shared.aborted) throw hooks.signal?.reason;
  return { model: shared.model, sharing: shared.sharing, untrained: shared.before };
}

async function bySearch(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task,
  chosen: Chosen,
  maxLoss: number,
  hooks: Hooks,
): Promise<SharedForm> {
  const { biasBits, method, init, seed } = chosen;
  const { signal, onProgress } = hooks;
  const { value } = await evaluate(engine, model, data, data.validation, task);
  const found = await searchSharing(engine, model, data, {
    method,
    init,
    seed,
    signal,
    limit: worsened(task.measure, value, maxLoss),
    parameters: [...bitsFor(model, EVERY, biasBits ?? MOST_BITS).keys()],
    retrain: { ...trainingOf(chosen, hooks, { model, task, data }), task },
    onTry: (trial) => onProgress?.({ kind: "sharing", trial }),
  });
  signal?.throwIfAborted();
  if (found) return { model: found.model, sharing: found.sharing, untrained: found.before };
  onProgress?.({ kind: "note", text: NOTHING_SHARED });
  return { model, sharing: new Map() };
}

/** What else has a part in training alone. */
const OF_TRAINING = ["batch", "distill", "task", "measure", "output"] as const;

/** @throws UserError for options that ask for nothing, for two things, or for what does not go together */
export function checkSharing(given: z.input<typeof schema>, hasData: boolean): void {
  const { bits, maxLoss, lambda, method = "kmeans", init, epochs, learningRate } = given;
  if (bits && maxLoss !== undefined) {
    throw new OptionsError((o) => `${o("bits")} says how to share and ${o("maxLoss")} finds it out: give one of them.`);
  }
  if (lambda !== undefined && method !== "entropy") {
    throw new OptionsError(
      (o) => `${o("lambda")} is what ${o("method")} entropy weighs bits by: give both, or neither.`,
    );
  }
  if (lambda !== undefined && maxLoss !== undefined) {
    throw new OptionsError(
      (o) => `${o("maxLoss")} finds the lambda of each layer by itself: leave out ${o("lambda")}.`,
    );
  }
  if (init !== undefined && method === "uniform") {
    throw new OptionsError((o) => `${o("init")} is for k-means: leave it out with ${o("method")} uniform.`);
  }
  if (!hasData && (maxLoss ?? epochs ?? learningRate) !== undefined) {
    throw new OptionsError(
      (o) =>
        `${o("maxLoss")}, ${o("epochs")} and ${o("learningRate")} are about training the shared values: give ${o("data")}.`,
    );
  }
  const idle = hasData ? undefined : OF_TRAINING.find((name) => given[name] !== undefined);
  if (idle !== undefined) {
    throw new OptionsError(
      (o) => `${o(idle)} is about the samples that shared values are trained on: give ${o("data")}, or leave it out.`,
    );
  }
  if (!bits && maxLoss === undefined && lambda === undefined) {
    throw new OptionsError(
      (o) =>
        `How to share is not clear: give ${o("bits")}, ${o("maxLoss")}, or ${o("lambda")} with ${o("method")} entropy.`,
    );
  }
}
