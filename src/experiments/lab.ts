import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { type Network, networks } from "../models/index.ts";
import type { Model } from "../onnx/graph.ts";
import { trainableForm } from "../onnx/trainable.ts";
import { recipeOf, roundsOf } from "../pruning/recipes.ts";
import type { Round, RoundResult } from "../pruning/round.ts";
import { runRounds } from "../pruning/rounds.ts";
import { type Errors, errorsOf, evaluate } from "../training/evaluate.ts";
import { learnedTensors, parametersOf, withParameters } from "../training/parameters.ts";
import { forSamples, sampleForm } from "../training/samples.ts";

/** A network after some rounds. */
export interface Trained {
  readonly model: Model;
  readonly results: readonly RoundResult[];
}

/** Where finished runs are kept, so that an experiment that was stopped goes on, and experiments share their networks. */
export interface Shelf {
  /** @param settings what the run depends on; a run with others is not found */
  find(name: string, settings: string): Trained | undefined;
  keep(name: string, settings: string, trained: Trained): void;
}

export interface LabOptions {
  readonly engine: Engine;
  readonly data: Dataset;
  readonly shelf: Shelf;
  readonly seed: number;
  /** Whether to take the recipes of a few epochs. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  /** Called with a line after each run. */
  readonly note: (line: string) => void;
}

/** Ends an experiment whose signal was raised; what is done is on the shelf. */
export class Stopped extends Error {
  override readonly name = "Stopped";
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
    return this.#options.data;
  }

  get seed(): number {
    return this.#options.seed;
  }

  /** As many epochs as asked, or a quarter of them. */
  epochs(count: number): number {
    return this.#options.quick ? Math.max(1, Math.round(count / 4)) : count;
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
    return forSamples(this.#textForm(found).model, sampleForm(this.data));
  }

  /** A network for text as its file has it: tokens for input, of sequences of any length, and gates together. */
  fileOf(network: string, trained: Model): Model {
    const found = networks.get(network);
    return found?.text ? this.#textForm(found).restore(parametersOf(trained, learnedTensors(trained))) : trained;
  }

  #textForm({ build }: Network) {
    const { classes, inputs: [input] = [] } = this.data;
    return trainableForm(build({ seed: this.seed, classes, input }));
  }

  /** The rounds of a network's recipe. */
  recipe(network: string): { train: Round; prune: Round[]; batch: number } {
    const recipe = recipeOf(network, this.#options.quick);
    return { ...roundsOf(recipe, this.untrained(network)), batch: recipe.batch };
  }

  /** How a network's recipe retrains, for so many epochs. */
  retraining(network: string, epochs: number): Omit<Round, "name" | "prune"> {
    const [{ optimizer, learningRate, regularization }] = this.recipe(network).prune;
    return { optimizer, learningRate, regularization, epochs: this.epochs(epochs) };
  }

  /** Does rounds, unless a run of that name and those settings is on the shelf. */
  async run(name: string, model: Model, rounds: readonly Round[], batch = 64): Promise<Trained> {
    const { engine, data, seed, quick, signal, shelf, note } = this.#options;
    const settings = JSON.stringify({ seed, quick, batch, rounds }, (_, value) =>
      value instanceof Map || value instanceof Set ? [...value] : value,
    );
    const known = shelf.find(name, settings);
    if (known) return known;
    const { best, results, aborted } = await runRounds(engine, model, data, rounds, { batch, seed, signal });
    if (aborted) throw new Stopped(name);
    const trained = { model: withParameters(model, best), results };
    shelf.keep(name, settings, trained);
    const { density, validationError } = results[results.length - 1];
    note(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validationError.toFixed(2)}%`);
    return trained;
  }

  /** The errors of a network on both splits that it did not learn from, percent. */
  errors(model: Model): Promise<Errors> {
    return errorsOf(this.engine, model, this.data);
  }

  /** The validation error of a network, percent. */
  async validationError(model: Model): Promise<number> {
    return (await evaluate(this.engine, model, this.data, this.data.validation)).error;
  }
}
