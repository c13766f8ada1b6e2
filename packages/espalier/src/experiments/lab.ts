import { forSamples } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { type Architecture, networks } from "../models/index.ts";
import type { Model } from "../onnx/graph.ts";
import { roundsOf } from "../pruning/recipe-rounds.ts";
import { recipeOf } from "../pruning/recipes.ts";
import type { Round, RoundResult } from "../pruning/round.ts";
import { runRounds } from "../pruning/rounds.ts";
import type { Init } from "../sharing/kmeans.ts";
import { retrain } from "../sharing/retrain.ts";
import { type Bits, type Sharing, share, withShared } from "../sharing/share.ts";
import { taskFor } from "../tasks/index.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { evaluate, qualityOf } from "../training/evaluate.ts";
import { learnedTensors, parametersOf, withParameters } from "../training/parameters.ts";
import type { OnWork } from "../work.ts";
import type { Shipped, Toolkit } from "./shipped.ts";

/** A network after some rounds. */
export interface Trained {
  readonly model: Model;
  readonly results: readonly RoundResult[];
}

/** A network with shared weights, its validation errors before and after the shared values were trained, percent. */
export interface SharedRun {
  readonly model: Model;
  /** As it was before training. */
  readonly untrained: Sharing;
  readonly before: number;
  readonly after: number;
}

/** Errors on the splits that a network does not learn from, percent. */
export interface Errors {
  readonly validationError: number;
  readonly testError: number;
}

export interface SharingPlan {
  readonly bits: Bits;
  /** Default: linear. */
  readonly init?: Init;
  /** Epochs in which the shared values are trained. */
  readonly epochs: number;
}

/** Where finished runs are kept, so that an experiment that was stopped goes on, and experiments share their networks. */
export interface Shelf {
  /**
   * A run that was kept.
   * @param settings what the run depends on; a run with others is not found
   */
  find(name: string, settings: string): Trained | undefined;
  /** Keeps a finished run, for {@link Shelf.find}. */
  keep(name: string, settings: string, trained: Trained): void;
}

/** Rounds that a network goes through. */
export interface LabRun {
  readonly model: Model;
  readonly rounds: readonly Round[];
  readonly batch: number;
  readonly seed: number;
}

export interface LabOptions {
  readonly engine: Engine;
  /** What an experiment learns from: samples, or networks with samples of their own. */
  readonly data: Dataset | Shipped;
  /** What experiments with networks measure. */
  readonly toolkit?: Toolkit;
  readonly shelf: Shelf;
  readonly seed: number;
  /** Whether to take the recipes of a few epochs. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly onWork?: OnWork;
  /** Does runs elsewhere, several at once; default: here, one after the other. */
  readonly elsewhere?: (run: LabRun, onWork?: OnWork) => Promise<Trained>;
  /** Called with a line after each run. */
  readonly note: (line: string) => void;
}

/** Ends an experiment whose signal was raised; what is done is on the shelf. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Takes a network through rounds.
 * @throws the signal's reason
 */
export async function runHere(
  engine: Engine,
  data: Dataset,
  { model, rounds, batch, seed }: LabRun,
  { signal, onWork }: { readonly signal?: AbortSignal; readonly onWork?: OnWork },
): Promise<Trained> {
  const epochs = rounds.reduce((sum, round) => sum + round.epochs, 0);
  const { best, results, aborted } = await runRounds(engine, model, data, rounds, {
    batch,
    seed,
    signal,
    onProgress: (round, { epoch, step, steps }) => {
      const before = rounds.slice(0, rounds.indexOf(round)).reduce((sum, { epochs: own }) => sum + own, 0);
      onWork?.(round.name, (before + epoch - 1) * steps + step, epochs * steps);
    },
  });
  if (aborted) throw signal?.reason;
  return { model: withParameters(model, best), results };
}

/** What experiments work with: networks, data, and runs that are done once. */
export class Lab {
  readonly #options: LabOptions;

  constructor(options: LabOptions) {
    this.#options = options;
  }

  get engine(): Engine {
    return this.#options.engine;
  }

  get data(): Dataset {
    const { data } = this.#options;
    if ("networks" in data) throw new UserError("The experiment learns from samples: give it a dataset.");
    return data;
  }

  /** Networks with inputs for them. */
  get shipped(): Shipped {
    const { data } = this.#options;
    if ("networks" in data) return data;
    throw new UserError("The experiment is about networks with inputs for them: give it those in place of a dataset.");
  }

  /** What is done to them. */
  get toolkit(): Toolkit {
    const { toolkit } = this.#options;
    if (toolkit) return toolkit;
    throw new Error("The lab was given no toolkit.");
  }

  get seed(): number {
    return this.#options.seed;
  }

  /** As many epochs as asked, or a quarter of them. */
  epochs(count: number): number {
    return this.quick ? Math.max(1, Math.round(count / 4)) : count;
  }

  /** Whether to do with little. */
  get quick(): boolean {
    return this.#options.quick;
  }

  /** All of some settings, or the first and the last of them. */
  some<Setting>(settings: readonly Setting[]): readonly Setting[] {
    return this.quick ? settings.filter((_, i) => i === 0 || i === settings.length - 1) : settings;
  }

  /** A lab with another seed, whose runs are kept beside those of this one. */
  seeded(seed: number): Lab {
    const { shelf, note } = this.#options;
    if (seed === this.seed) return this;
    const own = (name: string) => `${name}-seed-${seed}`;
    return new Lab({
      ...this.#options,
      seed,
      shelf: {
        find: (name, settings) => shelf.find(own(name), settings),
        keep: (name, settings, trained) => shelf.keep(own(name), settings, trained),
      },
      note: (line) => note(`seed ${seed}, ${line}`),
    });
  }

  /** A network as its recipe trains it. */
  async dense(network: string): Promise<Trained> {
    const { train, batch } = this.recipe(network);
    return this.run(`${network}-dense`, this.untrained(network), [train], batch);
  }

  /** A network as its recipe prunes it, from {@link dense}. */
  async pruned(network: string): Promise<Trained> {
    const { model } = await this.dense(network);
    const { prune, batch } = this.recipe(network);
    return this.run(`${network}-pruned`, model, prune, batch);
  }

  untrained(network: string): Model {
    const found = networks.get(network);
    if (!found)
      throw new UserError(`There is no network "${network}": choose one of ${[...networks.keys()].join(", ")}.`);
    if (!found.text) return found.build({ seed: this.seed });
    return forSamples(this.#textForm(found).model, this.data);
  }

  /** A network for text as its file has it: tokens for input, of sequences of any length, and gates together. */
  fileOf(network: string, trained: Model): Model {
    const found = networks.get(network);
    return found?.text ? this.#textForm(found).restore(parametersOf(trained, learnedTensors(trained))) : trained;
  }

  #textForm({ build }: Architecture) {
    const { classes, inputs } = this.data;
    return trainableForm(build({ seed: this.seed, classes, input: inputs[0].shape }));
  }

  /** The rounds of a network's recipe. */
  recipe(network: string): { train: Round; prune: Round[]; batch: number } {
    const recipe = recipeOf(network, this.quick);
    return { ...roundsOf(recipe, this.untrained(network)), batch: recipe.batch };
  }

  /** How a network's recipe retrains, for so many epochs. */
  retraining(network: string, epochs: number): Omit<Round, "name" | "prune"> {
    const [{ optimizer, learningRate, regularization }] = this.recipe(network).prune;
    return { optimizer, learningRate, regularization, epochs: this.epochs(epochs) };
  }

  /** A network that was kept; undefined where there is none of that name and those settings. */
  kept(name: string, settings: string): Model | undefined {
    return this.#options.shelf.find(name, settings)?.model;
  }

  /** Keeps a network, for {@link kept}. */
  keep(name: string, settings: string, model: Model): void {
    this.#options.shelf.keep(name, settings, { model, results: [] });
  }

  /** Tells what was done. */
  note(line: string): void {
    this.#options.note(line);
  }

  /**
   * Does work that takes long, and says when it begins.
   * @param work is asked by the signal to end; what it gives then is none
   */
  async during<Result>(
    what: string,
    work: (hooks: Pick<LabOptions, "signal" | "onWork">) => Promise<Result>,
  ): Promise<Result> {
    const { note, onWork, signal } = this.#options;
    if (signal.aborted) throw new Stopped(what);
    note(what);
    onWork?.(what, 0);
    const result = await work({ signal, onWork });
    if (signal.aborted) throw new Stopped(what);
    return result;
  }

  /** Does work for each of some settings that have nothing to do with each other: at once, where runs are done elsewhere. */
  async each<Setting, Result>(
    settings: readonly Setting[],
    work: (setting: Setting) => Promise<Result>,
  ): Promise<Result[]> {
    if (this.#options.elsewhere) return Promise.all(settings.map(work));
    const results: Result[] = [];
    for (const setting of settings) results.push(await work(setting));
    return results;
  }

  /** Does rounds, unless a run of that name and those settings is on the shelf. */
  async run(name: string, model: Model, rounds: readonly Round[], batch = 64): Promise<Trained> {
    const { seed, quick, shelf, note } = this.#options;
    const settings = JSON.stringify({ seed, quick, batch, rounds }, (_, value) =>
      value instanceof Map || value instanceof Set ? [...value] : value,
    );
    const known = shelf.find(name, settings);
    if (known) return known;
    const trained = await this.#trained(name, { model, rounds, batch, seed });
    shelf.keep(name, settings, trained);
    const { density, validation } = trained.results[trained.results.length - 1];
    const { measure } = taskFor(this.data);
    note(`${name}: ${(1 / density).toFixed(1)}x, validation ${nameText(measure)} ${valueText(measure, validation)}`);
    return trained;
  }

  async #trained(name: string, run: LabRun): Promise<Trained> {
    const { engine, signal, elsewhere, onWork } = this.#options;
    if (signal.aborted) throw new Stopped(name);
    const told: OnWork = (_, done, total) => onWork?.(name, done, total);
    try {
      return await (elsewhere ? elsewhere(run, told) : runHere(engine, this.data, run, { signal, onWork: told }));
    } catch (error) {
      throw signal.aborted ? new Stopped(name) : error;
    }
  }

  /** Shares a network's weights by k-means and trains the values, unless a run of that name is on the shelf. */
  async shared(name: string, model: Model, { bits, init, epochs }: SharingPlan): Promise<SharedRun> {
    const { data } = this;
    const { engine, seed, quick, signal, shelf, note } = this.#options;
    const untrained = share(model, bits, { seed, init });
    const settings = JSON.stringify({ seed, quick, init, epochs, bits: [...bits] });
    const known = shelf.find(name, settings)?.model;
    if (known) {
      const before = await this.validationError(withShared(model, untrained));
      return { model: known, untrained, before, after: await this.validationError(known) };
    }
    const found = await retrain(engine, model, untrained, data, {
      seed,
      epochs,
      signal,
      onProgress: ({ epoch, step, steps }) => this.#options.onWork?.(name, (epoch - 1) * steps + step, epochs * steps),
    });
    if (found.aborted) throw new Stopped(name);
    shelf.keep(name, settings, { model: found.model, results: [] });
    note(`${name}: validation error ${found.before.toFixed(2)}%, ${found.after.toFixed(2)}% when trained`);
    return { ...found, untrained };
  }

  /** The errors of a network on both splits that it did not learn from, percent. */
  async errors(model: Model): Promise<Errors> {
    const { validation, test } = await qualityOf(this.engine, model, this.data);
    return { validationError: validation, testError: test };
  }

  /** The validation error of a network, percent. */
  async validationError(model: Model): Promise<number> {
    return (await evaluate(this.engine, model, this.data, this.data.validation)).value;
  }
}
