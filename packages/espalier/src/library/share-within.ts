import { z } from "zod";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { forSamples } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import { someOf } from "../data/some.ts";
import type { Engine } from "../engine/engine.ts";
import { simplifyModel } from "../engine/simplify-model.ts";
import type { Model } from "../onnx/graph.ts";
import { mergeable } from "../operators/roles.ts";
import { bytesText } from "../report/figures.ts";
import { walkPrices } from "../sharing/price-walk.ts";
import { bytesOf, densityOf, type Scaling, scaledParameters } from "../sharing/scaled/rounded.ts";
import { scaledRows } from "../sharing/scaled/rows.ts";
import { Scaler } from "../sharing/scaled/scale-network.ts";
import { statisticsOf } from "../sharing/scaled/statistics.ts";
import { CURVE, type CurvePoint, walkCuts } from "../sharing/scaled/walk-curve.ts";
import { checkPercent } from "../tasks/fidelity/percent.ts";
import type { Measure } from "../tasks/measure.ts";
import { fidelityText } from "../tasks/words.ts";
import { checkNotQuantized } from "./check-quantized.ts";
import { checkRounded } from "./check-rounded.ts";
import { withoutDead } from "./compact.ts";
import { Comparison, type EvaluateAgainstResult } from "./comparison.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { type Found, type How, IMITATION_EPOCHS, imitated } from "./imitated.ts";
import { learnable } from "./learnable.ts";
import { checkWeights } from "./network.ts";
import { seedOption } from "./options/common.ts";
import { checkOptions } from "./options/option.ts";
import { withinLoss } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import { epochs } from "./options/training.ts";
import type { ShareResult } from "./share.ts";
import { checkTelling, noteBeyond } from "./telling.ts";

/** The options of {@link shareWithin}. */
export const shareWithinOptions = {
  maxLoss: withinLoss,
  measure: taskOptions.measure,
  epochs: epochs(
    `epochs in which coarser networks are trained to imitate the one that came (default: up to ${IMITATION_EPOCHS}, fewer of large networks; 0: none)`,
    0,
  ),
  seed: seedOption(),
};

const schema = z.object(shareWithinOptions);

/** How many training samples confirm what validation samples chose, for each of those. */
const CONFIRMED_BY = 4;

/** How far the outputs may go from what they were, in points of fidelity. */
export type ShareWithinOptions = z.input<typeof schema> &
  Hooks & {
    /** Points that an earlier run found, which are not tried again. */
    readonly known?: readonly CurvePoint[];
  };

/** The fidelity of a shared network, in percent, and how well so many samples tell it. */
export interface SharedFidelity extends Pick<EvaluateAgainstResult, "samples" | "standardError" | "outputs"> {
  readonly validation: number;
  readonly test: number;
}

/** A network made as small as keeps its outputs what they were. */
export interface ShareWithinResult extends Pick<ShareResult, "model" | "layers"> {
  readonly measure: Measure;
  /** Of all that was tried, in the order of its size. */
  readonly curve: readonly CurvePoint[];
  /** The point of the curve that the network is. Undefined where nothing was small enough a change: it is as it came. */
  readonly chosen?: CurvePoint;
  /** Of the chosen network: on the test split that of each output too. */
  readonly fidelity?: SharedFidelity;
}

/**
 * Rounds a network's weights to whole numbers times a scale for each output unit, as coarsely as keeps its outputs what
 * they were: on the validation split the fidelity falls by no more points than that, nor on samples of the training
 * split, which confirm what was chosen among many; only the largest of these needs no confirmation. Coarser ones are then
 * trained to imitate the network as it came, and taken where they become good enough. It reads no labels, and takes any
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
  const { maxLoss, measure, seed, epochs } = checkOptions(schema, given);
  const { signal, onProgress } = hooks;
  const note = (text: string) => onProgress?.({ kind: "note", text });
  const onWork = workOf(hooks);
  checkNotQuantized(source);
  checkWeights(source);
  if (typeof measure === "object") checkPercent(measure);
  const { model } = await simplifyModel(engine, source, { mayMerge: mergeable });
  // Branches that the shapes of samples decide stay in the file; weights that they compute are held outside.
  const computed = await withComputedWeights(engine, await withoutDead(engine, model, data, note));
  const form = trainableForm(computed.model, { gates: false });
  const { network, batch, kinds } = await learnable(engine, forSamples(form.model, data), data);
  const modelOf = (scaling: Scaling) => form.restore(scaledParameters(scaling));
  const [validation, test] = [
    new Comparison(engine, source, data, { measure, split: "validation", signal, onNote: note }),
    new Comparison(engine, source, data, { measure, split: "test", signal }),
  ];
  note("Looking at what each layer does to the outputs.");
  const statistics = await statisticsOf(engine, network, data, {
    batch,
    seed,
    kinds,
    signal,
    onPart: (part) => onWork("Looking at the layers", part, 1),
  });
  const scaler = new Scaler(statistics, form.typeOf);
  const scaled = ({ lambda, cut }: How) => scaler.scale(lambda, { cut, signal, onWork });
  checkRounded(form.model, scaler.names, note);
  const curve: CurvePoint[] = [];
  let judgedBy: Measure | undefined;

  /** Judges a network on the validation split, and tells of it. */
  const judge = async (scaling: Scaling, { lambda, cut }: How, epochs: number): Promise<CurvePoint> => {
    const result = await validation.with(modelOf(scaling));
    if (!judgedBy) checkTelling(result, maxLoss, note);
    judgedBy = result.measure;
    const { fidelity } = result;
    const [bytes, density] = [Math.round(bytesOf(scaling)), densityOf(scaling)];
    const point = { lambda, cut, epochs, bytes, density, fidelity, accepted: fidelity >= 100 - maxLoss };
    curve.push(point);
    onProgress?.({ kind: "curve", point, measure: result.measure });
    return point;
  };
  const smallest = () => bySize(curve).find(({ accepted }) => accepted);
  const attempt = async (how: How): Promise<boolean> => {
    signal?.throwIfAborted();
    const before = known.find(({ lambda, cut, epochs }) => lambda === how.lambda && cut === how.cut && epochs === 0);
    if (before) {
      curve.push(before);
      return before.accepted;
    }
    const scaling = await scaled(how);
    // Of more cuts only what is smaller is of use: it is reached further on.
    if (how.cut > 0 && bytesOf(scaling) >= (smallest()?.bytes ?? 0)) return true;
    return (await judge(scaling, how, 0)).accepted;
  };

  /** The smallest that is good enough on other samples too: of many that are tried, one is so by chance now and then. */
  const confirmed = async (): Promise<Found | undefined> => {
    const more = { ...data, train: someOf(data.train, CONFIRMED_BY * data.validation.size) };
    const confirmation = new Comparison(engine, source, more, { measure, split: "train", signal });
    const good = bySize(curve).filter(({ accepted }) => accepted);
    for (const point of good) {
      const scaling = await scaled(point);
      if (point === good.at(-1)) return { point, scaling };
      const { fidelity } = await confirmation.with(modelOf(scaling));
      if (fidelity >= 100 - maxLoss) return { point, scaling };
      note(
        `About ${bytesText(point.bytes)} were good enough by chance: of training samples ${fidelityText(fidelity)} are the same.`,
      );
    }
    return undefined;
  };

  await walkPrices((lambda) => attempt({ lambda, cut: 0 }), CURVE);
  const uncut = smallest();
  if (uncut) {
    note("Cutting connections before the others are rounded, as long as that makes it smaller.");
    await walkCuts(
      () => smallest() ?? uncut,
      (lambda, cut) => attempt({ lambda, cut }),
    );
  }
  const found = await confirmed();
  if (!found) {
    judgedBy ??= (await validation.with(source)).measure;
    note("Nothing can be rounded within that loss: the weights stay as they are.");
    return { model: source, layers: [], measure: judgedBy, curve: bySize(curve) };
  }
  const { scaling, point: chosen } = await imitated(engine, network, data, found, {
    ...{ statistics, batch, seed, kinds, typeOf: form.typeOf, epochs, note, signal, onWork },
    scaled,
    judge,
  });
  const made = modelOf(scaling);
  const tested = await test.with(made);
  noteBeyond(tested, maxLoss, note);
  const { fidelity, samples, standardError, outputs } = tested;
  return {
    model: made,
    layers: scaledRows(form.model, scaling),
    measure: tested.measure,
    curve: bySize(curve),
    chosen,
    fidelity: { validation: chosen.fidelity, test: fidelity, samples, standardError, outputs },
  };
}

const bySize = (curve: readonly CurvePoint[]) => curve.toSorted((a, b) => a.bytes - b.bytes);
