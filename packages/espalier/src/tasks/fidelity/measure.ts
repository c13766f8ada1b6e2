import type { Head } from "../../adoption/heads.ts";

/** What one sample adds to a ratio, of sums over all samples. */
export interface Parts {
  readonly part: number;
  readonly whole: number;
}

/**
 * Compares one sample's outputs with those that they are to be, both as the network gives them: distributions and
 * probabilities as such.
 */
export type Comparison = (outputs: readonly Float32Array[], targets: readonly Float32Array[]) => Parts;

/** How far outputs are those of another network, in percent: 100 times a sum of parts over a sum of wholes. */
export interface FidelityMeasure {
  readonly name: string;
  readonly better: "higher" | "lower";
  /** Whether the value is the root of the ratio, as of a norm. */
  readonly root?: boolean;
  /** The outputs that it looks at together; default: each by itself. */
  readonly together?: "boxes";
  /** Returns true if it can judge an output. */
  fits(head: Head): boolean;
  /** Returns true if it is meant for such outputs, of those that it can judge. */
  suits(head: Head): boolean;
  /** @param heads one, or those that it looks at together, in their order */
  comparison(heads: readonly Head[]): Comparison;
}
