import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { chooseAt } from "../lagrange.ts";
import type { Model } from "../onnx/graph.ts";
import { taskFor } from "../tasks/index.ts";
import { reaches } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { curvesOf, estimatedBytes, type Variant } from "./curves.ts";
import { importanceOf } from "./importance.ts";
import { type RetrainOptions, retrain, type SharedNetwork } from "./retrain.ts";
import { type ShareOptions, type Sharing, share } from "./share.ts";
import { MOST_BITS } from "./shared.ts";

export interface SharingSearchOptions extends Omit<ShareOptions, "lambda" | "importance"> {
  /** The worst value of the task's measure that the result may have on the validation split. */
  readonly limit: number;
  /** The parameters that may be shared. */
  readonly parameters: readonly string[];
  /** How the values are trained at each try. */
  readonly retrain: RetrainOptions;
  readonly signal?: AbortSignal;
  /** Called after each try. */
  readonly onTry?: (attempt: SharingAttempt) => void;
}

/** A sharing that was tried. */
export interface SharingAttempt {
  /** About what the shared tensors take, bytes. */
  readonly bytes: number;
  /** The measure on the validation split, before and after the values were trained. */
  readonly before: number;
  readonly after: number;
  readonly accepted: boolean;
}

/** Prices of entropy: what a bit may cost, in mean squares of the weights. */
const LAMBDAS = Array.from({ length: 16 }, (_, i) => 0.0003 * 1.6 ** i);
/** Prices of a byte, in validation loss, among which the search looks. */
const PRICES = Array.from({ length: 120 }, (_, i) => 1e-12 * 1.3 ** i);

/**
 * Looks for the smallest sharing that is within a limit of the task's measure after its values were trained. Each tensor
 * is shared alone in ways from fine to coarse; of these, a price of a byte in validation loss chooses one for each
 * tensor, so that the last byte saved costs as much everywhere; and the price is found by halving.
 * @returns undefined where even the finest sharing is beyond the limit
 */
export async function searchSharing(
  engine: Engine,
  model: Model,
  data: Dataset,
  options: SharingSearchOptions,
): Promise<SharedNetwork | undefined> {
  const { task = taskFor(data) } = options.retrain;
  const candidates = await candidatesOf(engine, model, data, task, options);
  let best: SharedNetwork | undefined;
  // Everything below `low` is accepted, everything from `high` on is not.
  let [low, high] = [0, candidates.length];
  while (low < high && !options.signal?.aborted) {
    const middle = (low + high) >>> 1;
    const found = await retrain(engine, model, candidates[middle], data, { ...options.retrain, task });
    if (found.aborted) break;
    const accepted = reaches(task.measure, found.after, options.limit);
    options.onTry?.({ bytes: bytesOf(candidates[middle]), before: found.before, after: found.after, accepted });
    if (accepted) {
      best = found;
      low = middle + 1;
    } else high = middle;
  }
  return best;
}

/** Sharings of the whole network from fine to coarse: those that some price chooses. */
async function candidatesOf(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task,
  options: SharingSearchOptions,
): Promise<Sharing[]> {
  const { parameters, method, retrain } = options;
  const importance =
    method === "entropy"
      ? await importanceOf(engine, model, data, parameters, { batch: 64, ...retrain, task })
      : undefined;
  const curves = await curvesOf(engine, model, data, waysOf(model, { ...options, importance }), task);
  const names = [...curves.keys()];
  const candidates: Sharing[] = [];
  let before: readonly Variant[] = [];
  for (const price of PRICES) {
    const chosen = chooseAt([...curves.values()], price);
    if (chosen.every((variant, i) => variant === before[i])) continue;
    candidates.push(new Map(chosen.map(({ shared }, i) => [names[i], shared])));
    before = chosen;
  }
  return candidates;
}

/** The ways to share each parameter, from fine to coarse: by bits, or by the price of a bit. */
function waysOf(model: Model, { parameters, method = "kmeans", ...options }: SharingSearchOptions & ShareOptions) {
  return new Map(
    parameters.map((name) => {
      const one = (bits: number, lambda?: number) => [
        ...share(model, new Map([[name, bits]]), { ...options, method, lambda }).values(),
      ];
      const isVector = (model.initializers.get(name)?.dims.length ?? 0) < 2;
      const least = method === "uniform" ? 2 : 1;
      const ways =
        method === "entropy" && !isVector
          ? LAMBDAS.flatMap((lambda) => one(MOST_BITS, lambda))
          : Array.from({ length: MOST_BITS + 1 - least }, (_, i) => MOST_BITS - i).flatMap((bits) => one(bits));
      return [name, ways];
    }),
  );
}

function bytesOf(sharing: Sharing): number {
  return [...sharing.values()].reduce((sum, shared) => sum + estimatedBytes(shared), 0);
}
