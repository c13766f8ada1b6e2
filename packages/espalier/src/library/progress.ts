import type { PruningTrial } from "../pruning/reconstruction/search.ts";
import type { RoundResult } from "../pruning/round.ts";
import type { RoundsLeft } from "../pruning/rounds.ts";
import type { LayerSensitivity } from "../pruning/sensitivity.ts";
import type { RateTrial } from "../sharing/rate/walk.ts";
import type { SharingTrial } from "../sharing/reconstruction/search.ts";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import type { SharingAttempt } from "../sharing/search.ts";
import type { Measure } from "../tasks/measure.ts";
import type { EpochResult, StepProgress as Steps } from "../training/epochs.ts";

/** What the library's functions tell while they work. */
export type Progress =
  /** Something worth knowing, in a sentence. */
  | { readonly kind: "note"; readonly text: string }
  /** What the network is taken to be for, and by what it is judged from here on. */
  | { readonly kind: "task"; readonly task: string; readonly measure: Measure }
  /** Rounds of training begin. */
  | {
      readonly kind: "start";
      /** Epochs that are left in all rounds together; unknown for a search. */
      readonly epochs?: number;
      readonly stepsPerEpoch: number;
      readonly batch: number;
    }
  /** Steps within an epoch were done. */
  | { readonly kind: "steps"; readonly round: string; readonly steps: Steps }
  /** An epoch was validated. */
  | { readonly kind: "epoch"; readonly round: string; readonly epoch: EpochResult; readonly epochs: number }
  /** A round was done; of a search with how many may follow. */
  | { readonly kind: "round"; readonly result: RoundResult; readonly left?: RoundsLeft }
  /** Work that takes long goes on: how many of its parts are done, and of how many where that is known. */
  | { readonly kind: "work"; readonly what: string; readonly done: number; readonly total?: number }
  /** A layer was scanned, or measured for a search without labels. */
  | { readonly kind: "layer"; readonly name: string; readonly sensitivity?: LayerSensitivity }
  /** A smaller network was tried. */
  | { readonly kind: "pruning"; readonly trial: PruningTrial }
  /** A sharing was tried. */
  | { readonly kind: "sharing"; readonly trial: SharingTrial | SharingAttempt }
  /** A network was trained at a price of a bit. */
  | { readonly kind: "rate"; readonly trial: RateTrial; readonly measure: Measure }
  /** A point of the curve of size against fidelity was found. */
  | { readonly kind: "curve"; readonly point: CurvePoint; readonly measure: Measure };
