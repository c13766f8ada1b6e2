import type { Chart } from "../report/chart.ts";
import type { Lab } from "./lab.ts";

/** A table: the first row names the columns. */
export type Rows = readonly (readonly (string | number)[])[];

/** A picture of an experiment: a chart, or a PNG. */
export interface Figure {
  readonly name: string;
  readonly caption: string;
  readonly picture: Chart | Uint8Array;
}

/** A text that a network wrote. */
export interface Passage {
  readonly title: string;
  readonly text: string;
}

/** What came out of an experiment. */
export interface ExperimentResult {
  /** All that was measured, as JSON: errors are percent, densities and shares 0 to 1. */
  readonly measured: object;
  readonly table: Rows;
  readonly figures: readonly Figure[];
  /** Texts to be read side by side. */
  readonly texts?: readonly Passage[];
}

/** One of the paper's experiments, or one about it. */
export interface Experiment {
  readonly title: string;
  /** What the paper says, in a sentence. */
  readonly claim: string;
  /** What it learns from; default: MNIST. A text, or networks with inputs for them, are the user's to give. */
  readonly data?: "mnist" | "scenes" | "text" | "networks";
  /** Does it, with the networks that the lab makes or has. */
  run(lab: Lab): Promise<ExperimentResult>;
}
