import { type Dataset, type Model, PREPROCESSING_KEY, UserError } from "espalier";
import { inputKindOf } from "../input-kinds.ts";
import type { InputFacts, InputKind, InputSettings, Preview } from "../told.ts";
import { type Dropped, keep, kept } from "./keep.ts";
import type { Runner } from "./machine.ts";
import { type OpenInputs, openInputs } from "./open-inputs.ts";
import { previewOf } from "./preview.ts";
import type { Shelf } from "./shelf.ts";

/** The inputs of the networks on the shelf, and what they were made of. */
export class Inputs {
  readonly #shelf: Shelf;
  readonly #runner: Runner;
  #open: OpenInputs | undefined;
  /** What inputs were made of last, whether or not that could be: other settings may help. */
  #tried: { readonly kind: InputKind; readonly files: readonly Dropped[] } | undefined;

  constructor(shelf: Shelf, runner: Runner) {
    this.#shelf = shelf;
    this.#runner = runner;
  }

  /** Inputs that could be read; undefined where there are none. */
  get open(): OpenInputs | undefined {
    return this.#open;
  }

  /** @throws UserError where there are none */
  get data(): Dataset {
    return needed(this.#open?.data);
  }

  /** Makes samples of files that were dropped, or of what is built in. */
  async use(from: readonly Dropped[] | "mnist" | "random", settings: InputSettings): Promise<InputFacts> {
    const kind = typeof from === "string" ? from : inputKindOf(from);
    const files = typeof from === "string" ? [] : from;
    if (!kind) {
      throw new UserError(
        `Nothing in ${files[0]?.path ?? "what was dropped"} is known as inputs: drop pictures, WAV files, an .npz or a text.`,
      );
    }
    return this.#make(kind, files, settings);
  }

  /** Makes the samples anew with other settings. */
  async adjust(settings: InputSettings): Promise<InputFacts> {
    if (!this.#tried) throw new UserError("There are no inputs to adjust: drop some first.");
    return this.#make(this.#tried.kind, this.#tried.files, settings);
  }

  /** Makes the samples of what was kept, if that was. */
  async restore(): Promise<void> {
    const inputs = await kept("inputs");
    if (inputs) await this.#make(inputs.kind, inputs.files, inputs.settings);
  }

  clear(): void {
    this.#open = undefined;
  }

  /** One sample of those to learn from. */
  async preview(index: number): Promise<Preview> {
    if (!this.#open) throw new UserError("There are no inputs to look at: drop some first.");
    return previewOf(this.#open, index);
  }

  /** A model with how pictures become its input, where that is known. */
  stated(model: Model): Model {
    const preprocessing = this.#open?.facts.preprocessing;
    if (!preprocessing) return model;
    return { ...model, metadata: new Map(model.metadata).set(PREPROCESSING_KEY, JSON.stringify(preprocessing)) };
  }

  async #make(kind: InputKind, files: readonly Dropped[], settings: InputSettings): Promise<InputFacts> {
    this.#tried = { kind, files };
    const opened = await openInputs(await this.#runner.engine(), await this.#shelf.model(), kind, files, settings);
    this.#open = opened;
    await keep("inputs", { kind, files, settings });
    return opened.facts;
  }
}

/** @throws UserError where there are no inputs */
export function needed(data: Dataset | undefined): Dataset {
  if (data) return data;
  throw new UserError("This needs inputs: drop some, or take random ones.");
}
