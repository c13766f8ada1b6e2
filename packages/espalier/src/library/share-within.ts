import { z } from "zod";
import { batchThatFits, valuesOf } from "../adoption/batch.ts";
import { headsOf } from "../adoption/heads.ts";
import { forSamples } from "../adoption/samples.ts";
import { batchFor, type Dataset } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { simplifyModel } from "../engine/simplify-model.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { mergeable } from "../operators/roles.ts";
import type { OutputKind } from "../sharing/scaled/embedded.ts";
import { imitate } from "../sharing/scaled/imitation.ts";
import { scaledRows } from "../sharing/scaled/rows.ts";
import { Scaler, type Scaling, scaledParameters } from "../sharing/scaled/scale-network.ts";
import { scaledBytes } from "../sharing/scaled/scaled.ts";
import { statisticsOf } from "../sharing/scaled/statistics.ts";
import { type CurvePoint, walk } from "../sharing/scaled/walk-curve.ts";
import type { Measure } from "../tasks/measure.ts";
import { trainableParameters, withParameters } from "../training/parameters.ts";
import { type EvaluateAgainstResult, evaluateAgainst } from "./evaluate-against.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { seedOption } from "./options/common.ts";
import { checkOptions } from "./options/option.ts";
import { withinLoss } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import { epochs } from "./options/training.ts";
import type { ShareResult } from "./share.ts";

/** Epochs of imitation where none are given. */
const IMITATION_EPOCHS = 8;

/** The options of {@link shareWithin}. */
export const shareWithinOptions = {
  maxLoss: withinLoss,
  measure: taskOptions.measure,
  epochs: epochs(
    `epochs in which coarser networks are trained to imitate the one that came (default: ${IMITATION_EPOCHS}; 0: none)`,
    0,
  ),
  seed: seedOption(),
};

const schema = z.object(shareWithinOptions);

/** How far the outputs may go from what they were, in points of fidelity. */
export type ShareWithinOptions = z.input<typeof schema> &
  Hooks & {
    /** Points that an earlier run found, which are not tried again. */
    readonly known?: readonly CurvePoint[];
  };

/** The fidelity of a shared network, in percent, and how well so many samples tell it. */
export interface SharedFidelity extends Pick<EvaluateAgainstResult, "samples" | "standardError"> {
  readonly validation: number;
  readonly test: number;
}

/** A network made as small as keeps its outputs what they were. */
export interface ShareWithinResult extends Pick<ShareResult, "model" | "layers"> {
  readonly measure: Measure;
  /** Of all that was tried, in the order of its size. */
  readonly curve: readonly CurvePoint[];
  /** Undefined where nothing was small enough a change: the weights are as they came. */
  readonly fidelity?: SharedFidelity;
}

/**
 * Rounds a network's weights to whole numbers times a scale for each output unit, as coarsely as keeps its outputs what
 * they were: on the validation split the fidelity falls by no more points than that. Coarser ones are then trained to
 * imitate the network as it came, and taken where they become good enough. It reads no labels, and takes any
 * network whose gradients are known; the test split is read once, at the end.
 * @throws the signal's reason when it ends the work; UserError for options that are not valid, or data that does not fit
 */
export async function shareWithin(
  engine: Engine,
  source: Model,
  data: Dataset,
  options: ShareWithinOptions,
): Promise<ShareWithinResult> {
  const { known = [], ...others } = options;
  const { hooks, given } = splitHooks(others);
  const { maxLoss, measure, seed, epochs = IMITATION_EPOCHS } = checkOptions(schema, given);
  const { signal, onProgress } = hooks;
  const note = (text: string) => onProgress?.({ kind: "note", text });
  const { model: simple } = await simplifyModel(engine, source, { mayMerge: mergeable });
  const network = forSamples(simple, data);
  noteUntouched(simple, note);
  const { batch, kinds } = await learnable(engine, network, data);
  const judge = (scaling: Scaling, split: "validation" | "test") =>
    evaluateAgainst(engine, withParameters(simple, scaledParameters(scaling)), source, data, {
      measure,
      split,
      signal,
    });
  note("Looking at what each layer does to the outputs.");
  const statistics = await statisticsOf(engine, network, data, { batch, seed, kinds, signal });
  const scaler = new Scaler(statistics);
  const curve: CurvePoint[] = [];
  let judged: EvaluateAgainstResult | undefined;

  const attempt = async (lambda: number): Promise<boolean> => {
    signal?.throwIfAborted();
    const before = known.find((point) => point.lambda === lambda && point.epochs === 0);
    if (before) {
      curve.push(before);
      return before.accepted;
    }
    const scaling = scaler.scale(lambda);
    const result = await judge(scaling, "validation");
    if (!judged && result.standardError > maxLoss && maxLoss > 0) {
      note(
        `${result.samples} validation samples tell fidelity to ±${result.standardError.toFixed(1)} points: ${maxLoss} points are less than chance; give more samples.`,
      );
    }
    judged = result;
    const point = {
      lambda,
      epochs: 0,
      bytes: bytesOf(scaling),
      fidelity: result.fidelity,
      accepted: result.fidelity >= 100 - maxLoss,
    };
    curve.push(point);
    onProgress?.({ kind: "curve", point, measure: result.measure });
    return point.accepted;
  };

  const { accepted } = await walk(attempt);
  if (accepted === undefined) {
    const { measure: judgedBy } = await evaluateAgainst(engine, source, source, data, {
      measure,
      split: "validation",
      signal,
    });
    note("Nothing can be rounded within that loss: the weights stay as they are.");
    return { model: source, layers: [], measure: judgedBy, curve: bySize(curve) };
  }
  const imitated = await trained(accepted);
  const scaling = imitated ?? scaler.scale(accepted);
  const validation = await judge(scaling, "validation");
  const test = await judge(scaling, "test");
  return {
    model: withParameters(simple, scaledParameters(scaling)),
    layers: scaledRows(simple, scaling),
    measure: test.measure,
    curve: bySize(curve),
    fidelity: {
      validation: validation.fidelity,
      test: test.fidelity,
      samples: test.samples,
      standardError: test.standardError,
    },
  };

  /** Trains coarser networks, which rounding alone left too far off, to be good enough: the smallest that became so. */
  async function trained(lambda: number): Promise<Scaling | undefined> {
    let best: Scaling | undefined;
    for (const factor of epochs > 0 ? COARSER : []) {
      const start = scaler.scale(lambda * factor);
      let found: Scaling | undefined;
      note(`Imitating the network for up to ${epochs} epochs, from about ${Math.round(bytesOf(start) / 1000)} kB on.`);
      await imitate(engine, network, start, data, {
        epochs,
        batch,
        seed,
        kinds,
        scales: statistics.scales,
        signal,
        async onEpoch(epoch, _, scaling) {
          const { fidelity, measure: judgedBy } = await judge(scaling, "validation");
          const isEnough = fidelity >= 100 - maxLoss;
          const point = {
            lambda: lambda * factor,
            epochs: epoch,
            bytes: bytesOf(scaling),
            fidelity,
            accepted: isEnough,
          };
          curve.push(point);
          onProgress?.({ kind: "curve", point, measure: judgedBy });
          if (isEnough) found = scaling;
          return isEnough;
        },
      });
      if (!found) return best;
      best = found;
    }
    return best;
  }
}

/** How much coarser networks are that are trained, one after the other, as long as each becomes good enough. */
const COARSER = [1.8, 3.2, 5.6];

const bySize = (curve: readonly CurvePoint[]) => curve.toSorted((a, b) => a.bytes - b.bytes);

/** A network whose outputs can be learned from: how many samples to take at a time, and what each output is. */
async function learnable(engine: Engine, network: Model, data: Dataset) {
  const single = await annotate(engine, network, { batch: 1 });
  const room = Math.floor(MOST_VALUES / valuesOf(single));
  const wanted = Math.max(1, Math.min(batchFor(data), data.train.size, room, MOST_BATCH));
  const kinds = headsOf(single).map(
    ({ kind, dense, shape, classes }): OutputKind =>
      kind === "values" && dense && shape.length === 2 && classes > 1 ? "scores" : "made",
  );
  return { batch: await batchThatFits(engine, network, single, wanted), kinds };
}

/** Numbers that all values of a batch may be together, of which gradients and moments are several times as many. */
const MOST_VALUES = 2 ** 23;
/** Smaller batches bring a training more steps. */
const MOST_BATCH = 32;

function bytesOf(scaling: Scaling): number {
  return [...scaling.values()].reduce((sum, tensor) => sum + scaledBytes(tensor), 0);
}

/** Says which part of the weights is in a type or place that is not rounded. */
function noteUntouched(model: Model, note: (text: string) => void): void {
  const own = new Set(trainableParameters(model));
  let [rounded, all] = [0, 0];
  for (const [name, tensor] of model.initializers) {
    if (tensor.dtype === "string" || tensor.dims.length === 0) continue;
    const isFloat =
      isFloat32(tensor) || tensor.dtype === "float16" || tensor.dtype === "float64" || tensor.dtype === "bfloat16";
    if (!isFloat) continue;
    all += tensor.data.length;
    if (own.has(name)) rounded += tensor.data.length;
  }
  if (all === 0 || rounded >= 0.98 * all) return;
  note(
    `${(100 * (1 - rounded / all)).toFixed(1)}% of the network's numbers are no float32 weights that are learned, and stay as they are.`,
  );
}
