import type { CompressFlags } from "../compress.ts";
import type { PruneFlags } from "../prune.ts";
import type { QuantizeFlags } from "../quantize.ts";
import type { ReproduceFlags } from "../reproduce.ts";
import type { ScanFlags } from "../scan.ts";
import type { TrainFlags } from "../train.ts";

/** A model that an earlier stage makes. */
export interface StageModel {
  readonly stage: string;
}

/** Options that say where results go or that are about one machine, and those that a plan has a place of its own for. */
type Apart = "out" | "report" | "json" | "resume" | "seed" | "threads" | "device";
/** Options that are objects in the library, and names here. */
type Named = "task" | "measure" | "loss" | "optimizer" | "criterion";
/** Options that may be a model of an earlier stage. */
type Fed = "against" | "maskOf";

type OptionsOf<Flags> = {
  readonly [Name in Exclude<keyof Flags, Apart>]?: Name extends Named
    ? string
    : Name extends Fed
      ? string | StageModel
      : Flags[Name];
};

/** What each command takes, with its argument by its name. */
interface Options {
  readonly train: OptionsOf<TrainFlags> & { readonly network?: string | StageModel };
  readonly prune: OptionsOf<PruneFlags> & { readonly model?: string | StageModel };
  readonly compress: OptionsOf<CompressFlags> & { readonly model?: string | StageModel };
  readonly quantize: OptionsOf<QuantizeFlags> & { readonly model?: string | StageModel };
  readonly scan: OptionsOf<ScanFlags> & { readonly model?: string | StageModel };
  readonly reproduce: OptionsOf<ReproduceFlags> & { readonly experiment?: string };
}

/** A command with options: each combination of the grid with each entry of the list is run, for each seed. */
export interface SweepStage<Command extends keyof Options = keyof Options> {
  /** By which later stages call it; default: that of the command. */
  readonly name?: string;
  readonly command: Command;
  /** What all have. The model is that of the stage before, where none is given. */
  readonly options?: Options[Command];
  /** Values of options, each of which is run with each of the others. */
  readonly grid?: { readonly [Name in keyof Options[Command]]?: readonly NonNullable<Options[Command][Name]>[] };
  /** Options that go together. */
  readonly list?: readonly Options[Command][];
}

/** What a sweep does. */
export interface SweepPlan {
  /** Where its JSON schema is, for editors. */
  readonly $schema?: string;
  readonly name?: string;
  /** Threads of each job, which are a part of what it computes; default: 1. */
  readonly threads?: number;
  /** Default: 1 alone. */
  readonly seeds?: readonly number[];
  readonly stages: readonly { [Command in keyof Options]: SweepStage<Command> }[keyof Options][];
}

/**
 * A plan for `espalier sweep`, with its options checked where it is written.
 * @example
 * export default defineSweep({
 *   seeds: [1, 2, 3],
 *   stages: [
 *     { command: "train", options: { network: "lenet-300-100", data: "mnist" } },
 *     { command: "prune", options: { data: "mnist" }, grid: { rate: [8, 16, 32] } },
 *   ],
 * });
 */
export function defineSweep(plan: SweepPlan): SweepPlan {
  return plan;
}
