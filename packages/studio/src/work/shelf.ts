import { type Model, readModel } from "espalier";
import type { Version } from "../told.ts";
import { keep } from "./keep.ts";

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

/** All networks on the way, from the one that came on. */
export class Shelf {
  readonly #all = new Map<number, Shelved>();
  readonly #held = new Map<number, Model>();

  get all(): readonly Shelved[] {
    return [...this.#all.values()];
  }

  get(id: number): Shelved | undefined {
    return this.#all.get(id);
  }

  /** Adds a network, or replaces what is said of it. */
  async put(shelved: Shelved, model?: Model): Promise<boolean> {
    this.#all.set(shelved.version.id, shelved);
    if (model) this.#hold(shelved.version.id, model);
    return keep("versions", this.all);
  }

  /** Removes networks from the shelf. */
  async remove(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      this.#all.delete(id);
      this.#held.delete(id);
    }
    await keep("versions", this.all);
  }

  /** Fills an empty shelf with what was kept. */
  restore(all: readonly Shelved[]): void {
    for (const shelved of all) this.#all.set(shelved.version.id, shelved);
  }

  clear(): void {
    this.#all.clear();
    this.#held.clear();
  }

  async model(id: number): Promise<Model> {
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
