import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { sharingOf } from "../sharing/distinct.ts";
import { DEFAULT_LAMBDA } from "../sharing/methods.ts";
import { shareUnlabeled } from "../sharing/reconstruction/search.ts";
import { bitsFor } from "../sharing/share.ts";
import { MOST_BITS } from "../sharing/shared.ts";
import type { Task } from "../tasks/task.ts";
import { withParameters } from "../training/parameters.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { shareUnlabeledOptions } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import { onScores } from "./prepare-task.ts";
import { NOTHING_SHARED, type SharedForm, type ShareResult, shareOn } from "./share.ts";

const schema = z.object({ ...taskOptions, ...shareUnlabeledOptions });

/** How far to go: a price of bits, or the loss of top 1 accuracy that the outputs predict, or of fidelity. */
export type ShareWithoutLabelsOptions = z.input<typeof schema> & Hooks;

/**
 * Shares a network's weights without labels and without training, so that the outputs of each layer stay what they were
 * on some samples.
 * @throws the signal's reason when it ends the work; UserError for options that do not go together, or data that does
 *   not fit
 */
export async function shareWithoutLabels(
  engine: Engine,
  source: Model,
  data: Dataset,
  options: ShareWithoutLabelsOptions = {},
): Promise<ShareResult> {
  const { hooks, given } = splitHooks(options);
  const chosen = checkOptions(schema, given);
  checkUnlabeledSharing(chosen);
  const { task, measure, output, maxLoss } = chosen;
  return shareOn(
    engine,
    source,
    data,
    { task, measure, output, maxLoss },
    hooks,
    (model, own, found, imitates) => fitted(engine, model, own, imitates ? found : undefined, chosen, hooks),
    onScores,
  );
}

async function fitted(
  engine: Engine,
  model: Model,
  data: Dataset,
  imitation: Task | undefined,
  { lambda = DEFAULT_LAMBDA, maxLoss, biasBits, seed }: z.output<typeof schema>,
  { signal, onProgress, executor }: Hooks,
): Promise<SharedForm> {
  const found = await shareUnlabeled(engine, model, data, {
    target: maxLoss === undefined ? { kind: "lambda", lambda } : { kind: "loss", points: maxLoss },
    biasBits,
    seed,
    signal,
    executor,
    imitation,
    onWork: workOf({ onProgress }),
    onLayer: (name) => onProgress?.({ kind: "layer", name }),
    onTrial: (trial) => onProgress?.({ kind: "sharing", trial }),
  });
  if (!found) {
    onProgress?.({ kind: "note", text: NOTHING_SHARED });
    return { model, sharing: new Map() };
  }
  const shared = withParameters(model, found.parameters);
  const own = bitsFor(model, [["*", MOST_BITS]], biasBits);
  const sharing = new Map([...sharingOf(shared)].filter(([name]) => own.has(name)));
  return { model: shared, sharing, agreement: found.agreement };
}

/** @throws UserError for options that do not go together */
export function checkUnlabeledSharing({ lambda, maxLoss }: Pick<z.output<typeof schema>, "lambda" | "maxLoss">): void {
  if (lambda === undefined || maxLoss === undefined) return;
  throw new OptionsError((o) => `${o("maxLoss")} finds the price of a bit by itself: leave out ${o("lambda")}.`);
}
