import type { Measure } from "../tasks/measure.ts";
import type { Quality } from "../training/evaluate.ts";
import type { Histogram } from "./histogram.ts";
import type { LayerRow } from "./layer-table.ts";
import type { RoundPoint } from "./trade-off.ts";
import type { ShrunkReport } from "./units.ts";

/** All that a report of one run shows. Sizes are bytes. */
export interface RunReport extends ShrunkReport {
  readonly title: string;
  /** What was asked, as the command that was given. */
  readonly command: string;
  /** What was asked, in words. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly parameters: number;
  readonly nonzero: number;
  readonly compressionRate: number;
  readonly seconds: number;
  /** By what the network is judged, while dense and pruned. */
  readonly measure: Pick<Measure, "name" | "unit" | "better">;
  readonly baseline: Quality;
  readonly pruned: Quality;
  readonly layers: readonly LayerRow[];
  /** The measure of the dense network on the validation split with one layer alone pruned; undefined: not measured. */
  readonly sensitivity?: readonly { readonly layer: string; readonly density: number; readonly value: number }[];
  /** The rounds that pruned, in order. */
  readonly rounds: readonly RoundPoint[];
  /** Every epoch of every round, in order. */
  readonly epochs: readonly EpochPoint[];
  readonly histograms: readonly { readonly layer: string; readonly before: Histogram; readonly after: Histogram }[];
  readonly mask?: MaskPicture;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface EpochPoint {
  readonly round: string;
  /** From 1, in its round. */
  readonly epoch: number;
  readonly loss: number;
  /** The measure on the validation split. */
  readonly validation: number;
  /** Non-zero parameters / all. */
  readonly density: number;
  readonly learningRate: number;
}

/** The mask of a layer that looks at whole images. */
export interface MaskPicture {
  readonly layer: string;
  /** Units. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
  /** 1 where a connection is kept, row after row. */
  readonly kept: Uint8Array;
  /** Inputs in one row of the image. */
  readonly columnsPerBand: number;
}
