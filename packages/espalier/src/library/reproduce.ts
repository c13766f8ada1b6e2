import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Experiment, ExperimentResult } from "../experiments/experiment.ts";
import { experiments } from "../experiments/index.ts";
import { Lab, type LabOptions, type Shelf, Stopped, type Trained } from "../experiments/lab.ts";
import type { Shipped } from "../experiments/shipped.ts";
import { choices } from "../suggest.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { quick, seedOption } from "./options/common.ts";
import { checkOptions } from "./options/option.ts";
import { zooToolkit } from "./zoo-toolkit.ts";

/** The options of {@link reproduce}. */
export const reproduceOptions = { seed: seedOption(), quick };

const schema = z.object(reproduceOptions);

/** From which seed, and how quickly. */
export interface ReproduceOptions extends z.input<typeof schema>, Hooks {
  /** Where networks that experiments share are kept, and an experiment that was stopped goes on from; default: memory. */
  readonly shelf?: Shelf;
  /** Takes networks through rounds elsewhere, several at once; default: here, one after the other. */
  readonly elsewhere?: LabOptions["elsewhere"];
}

/**
 * One of the papers' experiments.
 * @throws UserError when there is no experiment of that name
 */
export function experimentOf(name: string): Experiment {
  const found = experiments.get(name);
  if (found) return found;
  throw new UserError(`There is no experiment "${name}": ${choices(name, experiments.keys())}.`);
}

/**
 * Repeats one of the papers' experiments.
 * @param data what {@link experimentOf} says that it learns from: MNIST, the scenes, a text, or networks
 * with samples of their own
 * @throws the signal's reason when it ends the work; UserError when there is no experiment of that name
 */
export async function reproduce(
  engine: Engine,
  name: string,
  data: Dataset | Shipped,
  options: ReproduceOptions = {},
): Promise<ExperimentResult> {
  const { shelf = memoryShelf(), elsewhere, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const { seed, quick = false } = checkOptions(schema, given);
  const { signal = new AbortController().signal, onProgress } = hooks;
  const note = (text: string) => onProgress?.({ kind: "note", text });
  try {
    const lab = { engine, data, seed, quick };
    const toolkit = zooToolkit(engine, { seed, quick }, { signal, onProgress });
    return await experimentOf(name).run(
      new Lab({ ...lab, toolkit, shelf, elsewhere, signal, note, onWork: workOf(hooks) }),
    );
  } catch (error) {
    throw error instanceof Stopped ? signal.reason : error;
  }
}

/** A shelf that lasts as long as the experiment. */
function memoryShelf(): Shelf {
  const kept = new Map<string, Trained>();
  const key = (name: string, settings: string) => JSON.stringify([name, settings]);
  return {
    find: (name, settings) => kept.get(key(name, settings)),
    keep: (name, settings, trained) => void kept.set(key(name, settings), trained),
  };
}
