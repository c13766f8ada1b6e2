import { trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { masksOfZeros } from "../pruning/mask.ts";
import { inTurn, pruningRounds } from "../pruning/recipes.ts";
import type { Round } from "../pruning/round.ts";
import type { Plan } from "../pruning/rounds.ts";
import { search } from "../pruning/search.ts";
import { checkTarget, type Target } from "../pruning/target.ts";
import { evaluate } from "../training/evaluate.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import { openModel } from "./model.ts";

/** The flags that say how far to prune, and how to go there. */
export interface PruneFlags {
  maxLoss?: number;
  rate?: number;
  density?: [string, number][];
  quality?: [string, number][];
  maskOf?: string;
  rounds?: number;
  criterion?: string;
  gradual?: boolean;
  splicing?: boolean;
  inTurn?: string[];
}

/** What a prune command is to do. */
export type Intent =
  | { readonly kind: "search"; readonly maxLoss?: number; readonly rate?: number }
  | {
      readonly kind: "rounds";
      readonly target: Target;
      readonly rounds: number;
      readonly criterion: string;
      readonly gradual: boolean;
      readonly splicing: boolean;
      readonly inTurn?: readonly string[];
      /** The digest of the file that the masks are from. */
      readonly maskOf?: string;
    };

const ROUNDS = 3;
/** A gradual schedule chooses masks anew every so many steps, over this part of the retraining. */
const GRADUAL = { every: 32, until: 0.6 };

/**
 * Reads what the flags ask for. A rate is searched for, unless they say how to go there.
 * @throws UserError when they ask for nothing, for two things, or for what does not go together
 */
export function intentOf(flags: PruneFlags, model: Model): Intent {
  const { maxLoss, rate, density, quality, maskOf } = flags;
  const given = [maxLoss ?? rate, density, quality, maskOf].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new UserError(
      "How far to prune is not clear: give --max-loss, --rate (or both), or one of --density, --quality and --mask-of.",
    );
  }
  const how = (["rounds", "criterion", "gradual", "splicing", "inTurn"] as const).filter(
    (name) => flags[name] !== undefined,
  );
  if (maxLoss !== undefined && how.length > 0) {
    throw new UserError(`--max-loss searches by itself: leave out ${how.map(optionName).join(" and ")}.`);
  }
  if ((maxLoss ?? rate) !== undefined && how.length === 0) {
    if (rate !== undefined) checkTarget({ kind: "rate", rate }, layersOf(model), parametersIn(model));
    return { kind: "search", maxLoss, rate };
  }
  const { criterion = "magnitude", rounds = maskOf ? 1 : ROUNDS, gradual = false, splicing = false, inTurn } = flags;
  if (quality && criterion !== "magnitude") {
    throw new UserError(`--quality is for magnitudes: give --density or --rate with --criterion ${criterion}.`);
  }
  if (maskOf && how.length > 0) {
    throw new UserError(`--mask-of says all there is to say: leave out ${how.map(optionName).join(" and ")}.`);
  }
  const masked = maskOf === undefined ? undefined : openModel(maskOf);
  const target = masked ? masksIn(trainableForm(masked.model).model) : targetOf(flags);
  checkTarget(target, layersOf(model), parametersIn(model));
  return {
    kind: "rounds",
    target,
    rounds,
    criterion,
    gradual: gradual || splicing,
    splicing,
    inTurn,
    maskOf: masked?.digest,
  };
}

const optionName = (flag: string) => `--${flag.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;

function targetOf({ density, quality, rate = 1 }: PruneFlags): Target {
  if (density) return { kind: "density", layers: density };
  if (quality) return { kind: "quality", layers: quality };
  return { kind: "rate", rate };
}

/** What an intent's settings are: of masks their file's digest, as they are too large to be written out. */
export function settingsOf(intent: Intent): object {
  return intent.kind === "rounds" && intent.maskOf ? { maskOf: intent.maskOf } : intent;
}

function masksIn(model: Model): Target {
  const weights = layersOf(model).map(({ weight }) => weight);
  return { kind: "masks", masks: masksOfZeros(parametersIn(model), weights) };
}

/** An intent in the words of the command line. */
export function asOptions(intent: Intent): string {
  if (intent.kind === "search") {
    const { maxLoss, rate } = intent;
    return `${maxLoss === undefined ? "" : ` --max-loss ${maxLoss}`}${rate === undefined ? "" : ` --rate ${rate}`}`;
  }
  const { target, rounds, criterion } = intent;
  const how = ` --rounds ${rounds} --criterion ${criterion}`;
  switch (target.kind) {
    case "masks":
      return " --mask-of FILE";
    case "rate":
      return ` --rate ${target.rate}${how}`;
    default:
      return ` --${target.kind} ${target.layers.map(([name, value]) => `${name}=${value}`).join()}${how}`;
  }
}

/** Turns an intent into rounds, or into a search for them. */
export async function planOf(
  intent: Intent,
  engine: Engine,
  model: Model,
  data: Dataset,
  retrain: Omit<Round, "name" | "prune">,
  frozen: ReadonlySet<string>,
): Promise<readonly Round[] | Plan> {
  if (intent.kind === "rounds") {
    const { target, rounds, criterion, gradual, splicing } = intent;
    const how = { criterion, gradual: gradual ? { ...GRADUAL, splicing } : undefined };
    const all = pruningRounds(target, rounds, retrain, how);
    return intent.inTurn ? inTurn(all, intent.inTurn, model) : all;
  }
  const { maxLoss, rate } = intent;
  const layers = layersOf(model).filter(({ weight }) => !frozen.has(weight));
  if (maxLoss === undefined)
    return search(engine, model, data, { limit: Number.POSITIVE_INFINITY, slack: 0, rate, retrain, layers });
  const { error, samples } = await evaluate(engine, model, data, data.validation);
  const limit = error + maxLoss;
  return search(engine, model, data, { limit, slack: standardError(limit, samples), rate, retrain, layers });
}

/** The standard error of the difference between two error rates, percent, of so many samples each. */
function standardError(percent: number, samples: number): number {
  const p = Math.min(0.5, percent / 100);
  return 100 * Math.sqrt((2 * p * (1 - p)) / samples);
}

function parametersIn(model: Model) {
  return parametersOf(model, trainableParameters(model));
}
