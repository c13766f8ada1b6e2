import type { Told } from "../told.ts";
import { Inputs } from "./inputs.ts";
import { forget } from "./keep.ts";
import { Runner } from "./machine.ts";
import type { Performed } from "./perform.ts";
import { Shelf } from "./shelf.ts";

/** What all work is done with: the networks, their inputs, and what runs them. */
export class Place {
  readonly shelf = new Shelf((text) => this.tell({ kind: "note", text }));
  readonly runner = new Runner();
  readonly inputs = new Inputs(this.shelf, this.runner);
  /** What makes the report of the step that made a network: it needs more than is kept over a reload. */
  readonly reports = new Map<number, NonNullable<Performed["report"]>>();
  /** Where the page hears of all work. */
  tell: (told: Told) => void = () => {};

  /** Forgets everything. */
  async clear(): Promise<void> {
    this.shelf.clear();
    this.reports.clear();
    this.inputs.clear();
    await forget();
  }
}
