import { type Model, readModel, UserError } from "espalier";
import type { Step } from "../steps.ts";
import type { Version } from "../told.ts";
import { forget, keep, kept } from "./keep.ts";

/** A network on the way, with its file in the browser's hands. */
export interface Shelved {
  readonly version: Version;
  readonly onnx: Blob;
  /** The .esp file, once it was made. */
  readonly esp?: Blob;
  /** The name of the file that came. */
  readonly source: string;
}

/** Networks that are held in memory at once, the one that came among them: the others are read again. */
const HELD = 2;

/** All networks on the way, from the one that came on, and which of them is looked at. */
export class Shelf {
  readonly #all = new Map<number, Shelved>();
  readonly #held = new Map<number, Model>();
  readonly #onNote: (text: string) => void;
  #chosen = 0;
  #next = 1;

  /** @param onNote is told when the browser cannot keep the networks */
  constructor(onNote: (text: string) => void) {
    this.#onNote = onNote;
  }

  get versions(): readonly Version[] {
    return [...this.#all.values()].map(({ version }) => version);
  }

  /** @throws UserError when there is no network */
  get chosen(): Shelved {
    const found = this.#all.get(this.#chosen);
    if (!found) throw new UserError("There is no network yet: drop one first.");
    return found;
  }

  /** The network to compare with: the one that came, or what a simplification made of it, whose inputs may be others. */
  get reference(): number {
    const { steps } = this.chosen.version;
    const last = steps.findLastIndex(({ kind }) => kind === "simplify");
    const found = this.versions.find((version) => version.steps.length === last + 1 && isBegin(version.steps, steps));
    return found?.id ?? 0;
  }

  /** A number that no network had yet. */
  newId(): number {
    return this.#next++;
  }

  /** Adds a network, or replaces what is said of it. */
  async put(shelved: Shelved, model?: Model): Promise<void> {
    this.#all.set(shelved.version.id, shelved);
    if (model) this.#hold(shelved.version.id, model);
    if (await keep("versions", [...this.#all.values()])) return;
    this.#onNote("This browser has no room to keep the network: it goes when the page is closed, so download it.");
  }

  /** Chooses a network; points of a curve were those of the one before. */
  async choose(id: number): Promise<void> {
    this.#chosen = id;
    await Promise.all([keep("chosen", id), forget("points")]);
  }

  /**
   * Fills an empty shelf with what was kept; what a step was being done on is chosen.
   * @returns false where nothing was kept
   */
  async restore(): Promise<boolean> {
    const all = await kept("versions");
    if (!all || all.length === 0) return false;
    // Reports went with the page that made them.
    for (const one of all) this.#all.set(one.version.id, { ...one, version: { ...one.version, report: false } });
    this.#next = 1 + Math.max(...this.#all.keys());
    const wanted = [(await kept("pending"))?.on, await kept("chosen")];
    this.#chosen = wanted.find((id) => id !== undefined && this.#all.has(id)) ?? all[0].version.id;
    return true;
  }

  clear(): void {
    this.#all.clear();
    this.#held.clear();
    [this.#chosen, this.#next] = [0, 1];
  }

  /** Reads a network, by default the chosen one, unless it is held. */
  async model(id = this.#chosen): Promise<Model> {
    const held = this.#held.get(id);
    if (held) return held;
    const shelved = this.#all.get(id);
    if (!shelved) throw new Error(`There is no network ${id}.`);
    const model = readModel(new Uint8Array(await shelved.onnx.arrayBuffer()), shelved.source);
    this.#hold(id, model);
    return model;
  }

  #hold(id: number, model: Model): void {
    this.#held.delete(id);
    this.#held.set(id, model);
    for (const other of this.#held.keys()) if (this.#held.size > HELD) this.#held.delete(other);
  }
}

const isBegin = (some: readonly Step[], all: readonly Step[]) =>
  some.every((step, i) => JSON.stringify(step) === JSON.stringify(all[i]));
