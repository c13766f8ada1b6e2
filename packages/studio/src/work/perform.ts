import {
  type CompressResult,
  compact,
  compress,
  type Dataset,
  type Engine,
  type Measure,
  type Model,
  type PruneResult,
  pruneBySearch,
  pruneByUnits,
  pruneWithoutLabels,
  quantize,
  type RunHooks,
  simplify,
  train,
  writeModel,
} from "espalier";
import {
  type PruneStep,
  pruneOptions,
  type QuantizeStep,
  quantizeOptions,
  type RetrainStep,
  retrainOptions,
  type ShareStep,
  type Step,
  shareOptions,
  simplifyOptions,
  type UnitsStep,
  unitsOptions,
} from "../steps.ts";
import type { Judged, Point } from "../told.ts";
import { needed } from "./inputs.ts";

/** What a step made. */
export interface Performed {
  readonly model: Model;
  /** On what it was chosen by, before and after. */
  readonly validation?: Judged;
  /** The .esp file, where the step made one. */
  readonly esp?: Uint8Array;
  /** Makes the library's report of the step. */
  readonly report?: (engine: Engine, about: { readonly title: string; readonly command: string }) => Promise<string>;
}

/** What a step is done with. */
export interface Performing {
  readonly engine: Engine;
  readonly model: Model;
  /** The .onnx file's size. */
  readonly bytes: number;
  readonly data: Dataset | undefined;
  /** The network as it came, for what imitates it. */
  readonly origin: Model;
  readonly hooks: RunHooks;
  /** Points of a curve that are known. */
  readonly known: readonly Point[];
}

/**
 * Does a step by the library's function.
 * @throws UserError of the library, or where there are no inputs; the signal's reason
 */
export async function perform(step: Step, given: Performing): Promise<Performed> {
  const { engine, model, hooks } = given;
  const { signal, onProgress } = hooks;
  switch (step.kind) {
    case "simplify":
      return { model: (await simplify(engine, model, { ...simplifyOptions(step), signal, onProgress })).model };
    case "compact":
      return { model: (await compact(engine, model, { signal, onProgress })).model };
    case "share":
      return share(step, given);
    case "prune":
      return prune(step, given);
    case "units":
      return units(step, given);
    case "quantize":
      return narrow(step, given);
    case "retrain":
      return retrain(step, given);
  }
}

async function units(step: UnitsStep, { engine, model, data: given, hooks }: Performing): Promise<Performed> {
  const data = needed(given);
  return pruned(await pruneByUnits(engine, model, data, { ...unitsOptions(step), ...hooks }), data);
}

async function narrow(
  step: QuantizeStep,
  { engine, model, bytes: bytesBefore, data, hooks }: Performing,
): Promise<Performed> {
  const { signal, onProgress } = hooks;
  const options = quantizeOptions(step);
  const startedAt = performance.now();
  const samples = step.unseen ? undefined : needed(data);
  const result = await quantize(engine, model, samples, { ...options, signal, onProgress });
  const bytes = writeModel(result.model).length;
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    model: result.model,
    report: async (on, about) => {
      const { quantizeReport } = await import("./reports.ts");
      const file = `${about.title}.onnx`;
      return quantizeReport(on, model, samples, result, {
        ...about,
        file,
        bytes,
        bytesBefore,
        seconds,
        asked: options,
      });
    },
  };
}

async function retrain(step: RetrainStep, { engine, model, data: given, origin, hooks }: Performing) {
  const data = needed(given);
  const against = step.teacher === "imitate" ? origin : undefined;
  const result = await train(engine, model, data, { ...retrainOptions(step), against, ...hooks });
  return { model: result.model, validation: judged(result.measure, "validation", result.validation) };
}

async function share(step: ShareStep, { engine, model, bytes, data, hooks, known }: Performing) {
  const { signal, onProgress } = hooks;
  const options = shareOptions(step);
  const startedAt = performance.now();
  const samples = step.guess ? undefined : needed(data);
  const result: CompressResult = await compress(engine, model, samples, {
    ...options,
    signal,
    onProgress,
    ...(samples && { known }),
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    model: result.model,
    esp: result.contents,
    report: async (on: Engine, about: { readonly title: string; readonly command: string }) => {
      const { compressReport } = await import("./reports.ts");
      return compressReport(on, model, samples, result, {
        ...about,
        file: `${about.title}.esp`,
        bytesBefore: bytes,
        seconds,
        asked: options,
      });
    },
  };
}

async function prune(step: PruneStep, { engine, model, data: given, hooks }: Performing): Promise<Performed> {
  const data = needed(given);
  if (step.way === "unlabeled") {
    const { signal, onProgress } = hooks;
    const result = await pruneWithoutLabels(engine, model, data, { ...pruneOptions(step), signal, onProgress });
    return {
      model: result.model,
      report: async (_, about) => (await import("./reports.ts")).pruneWithoutLabelsReport(result, about),
    };
  }
  return pruned(await pruneBySearch(engine, model, data, { ...pruneOptions(step), ...hooks }), data);
}

/** What rounds of pruning and retraining made. */
const pruned = (result: PruneResult, data: Dataset): Performed => ({
  model: result.model,
  validation: judged(result.measure, "validation", result.pruned.validation, { before: result.baseline.validation }),
  report: async (on, about) => (await import("./reports.ts")).pruneReport(on, data, result, about),
});

/** A value of a measure, with what it was before. */
export function judged(
  { name, unit, better }: Measure,
  on: Judged["on"],
  after: number,
  { before, samples }: Pick<Judged, "before" | "samples"> = {},
): Judged {
  return { measure: name, unit, better, on, before, after, samples };
}
