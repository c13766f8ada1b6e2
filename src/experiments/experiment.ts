import type { Html } from "../report/html.ts";
import type { Lab } from "./lab.ts";

/** A table: the first row names the columns. */
export type Rows = readonly (readonly (string | number)[])[];

/** A picture of an experiment: a chart, or a PNG. */
export interface Figure {
  readonly name: string;
  readonly caption: string;
  readonly picture: Html | Uint8Array;
}

/** What came out of an experiment. */
export interface Outcome {
  /** All that was measured, as JSON: errors are percent, densities and shares 0 to 1. */
  readonly measured: object;
  readonly table: Rows;
  readonly figures: readonly Figure[];
}

/** One of the paper's experiments, or one about it. */
export interface Experiment {
  readonly title: string;
  /** What the paper says, in a sentence. */
  readonly claim: string;
  run(lab: Lab): Promise<Outcome>;
}
