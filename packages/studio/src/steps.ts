/** What a network learns from: labels, or its own outputs as it came. */
export type Teacher = "labels" | "imitate";

/** Something that is done to a network, with what was chosen. */
export type Step = SimplifyStep | ShareStep | PruneStep | UnitsStep | QuantizeStep | RetrainStep | CompactStep;

/** The same with less. */
export interface SimplifyStep {
  readonly kind: "simplify";
  /** Inputs that are always the same. */
  readonly fix: Readonly<Record<string, number>>;
  /** Shapes of inputs, with the batch. */
  readonly shape: Readonly<Record<string, readonly number[]>>;
}

/** Weights as few values as keep the outputs what they were. */
export interface ShareStep {
  readonly kind: "share";
  /** Points of fidelity that it may lose. */
  readonly maxLoss: number;
  /** Epochs of imitation; default: the library's. */
  readonly epochs?: number;
  /** Whether weights are rounded without inputs. */
  readonly guess: boolean;
}

/** Fewer connections. */
export interface PruneStep {
  readonly kind: "prune";
  /** To a rate, as far as a loss allows, or the same without training. */
  readonly way: "rate" | "loss" | "unlabeled";
  readonly rate: number;
  readonly maxLoss: number;
  readonly epochs: number;
  readonly teacher: Teacher;
  readonly seed: number;
}

/** Fewer units: a smaller network, in any runtime. */
export interface UnitsStep {
  readonly kind: "units";
  /** All parameters / those that are left. */
  readonly rate: number;
  readonly epochs: number;
  readonly teacher: Teacher;
  readonly seed: number;
}

/** To what weights, and what is computed of them, are rounded for ONNX Runtime. */
export const WIDTHS = ["int8", "int4", "float16"] as const;
export type Width = (typeof WIDTHS)[number];

/** Narrower numbers, as ONNX Runtime computes with them. */
export interface QuantizeStep {
  readonly kind: "quantize";
  readonly to: Width;
  /** Points of fidelity that it may lose, where there are inputs. */
  readonly maxLoss: number;
  /** Whether it is done without inputs. */
  readonly unseen: boolean;
}

/** More training: what is zero stays so. */
export interface RetrainStep {
  readonly kind: "retrain";
  readonly epochs: number;
  readonly teacher: Teacher;
  readonly seed: number;
}

/** Without the units that nothing reaches or reads. */
export interface CompactStep {
  readonly kind: "compact";
}

/** Steps by what they are called. */
export type StepKind = Step["kind"];

/** The options of the library's function for a simplification. */
export function simplifyOptions({ fix, shape }: SimplifyStep) {
  return {
    ...(Object.keys(fix).length > 0 && { fix }),
    ...(Object.keys(shape).length > 0 && { shape }),
  };
}

/** The options of the library's function for a sharing. */
export const shareOptions = ({ maxLoss, epochs, guess }: ShareStep) => ({
  maxLoss,
  ...(!guess && epochs !== undefined && { epochs }),
});

/** The options of the library's function for a pruning: by a search, or without labels. */
export function pruneOptions({ way, rate, maxLoss, epochs, teacher, seed }: PruneStep) {
  if (way === "unlabeled") return { maxLoss };
  return { ...(way === "rate" ? { rate } : { maxLoss }), epochs, seed, ...taskOf(teacher) };
}

const taskOf = (teacher: Teacher) => teacher === "imitate" && ({ task: "imitate" } as const);

/** The options of the library's function for the removal of units. */
export const unitsOptions = ({ rate, epochs, teacher, seed }: UnitsStep) => ({
  rate,
  epochs,
  seed,
  ...taskOf(teacher),
});

/** The options of the library's function for a quantization. */
export const quantizeOptions = ({ to, maxLoss, unseen }: QuantizeStep) => ({ to, ...(!unseen && { maxLoss }) });

/** The options of the library's function for training. */
export const retrainOptions = ({ epochs, teacher, seed }: RetrainStep) => ({
  epochs,
  seed,
  ...taskOf(teacher),
});

/** "Pruned 10x", of a step that was done. */
export function doneText(step: Step): string {
  switch (step.kind) {
    case "simplify":
      return "Simplified";
    case "share":
      return `Shared within ${points(step.maxLoss)}`;
    case "prune":
      return step.way === "rate" ? `Pruned ${step.rate}x` : `Pruned within ${points(step.maxLoss)}`;
    case "units":
      return `${step.rate}x fewer units`;
    case "quantize":
      return `Quantized to ${step.to}`;
    case "retrain":
      return `Retrained for ${step.epochs} ${step.epochs === 1 ? "epoch" : "epochs"}`;
    case "compact":
      return "Without dead units";
  }
}

const points = (count: number) => `${count} ${count === 1 ? "point" : "points"}`;
