import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { bytesText } from "../report/figures.ts";
import { type ImitationOptions, imitate } from "../sharing/scaled/imitation.ts";
import { bytesOf, isScaled, type Scaling } from "../sharing/scaled/rounded.ts";
import type { Statistics } from "../sharing/scaled/statistics.ts";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";

/** How a network is rounded. */
export type How = Pick<CurvePoint, "lambda" | "cut">;

/** A network that is good enough, and its point of the curve. */
export interface Found {
  readonly scaling: Scaling;
  readonly point: CurvePoint;
}

/** Epochs in which each network is trained where none are given. */
export const IMITATION_EPOCHS = 8;
/** Multiply-accumulate operations of all training together where no epochs are given: a quarter of an hour or so. */
const OPERATIONS = 1.6e13;
/** Times that the network is gone through for a sample: the one that came, and the other forwards and backwards. */
const TIMES = 4;
/** Epochs that there are at least: of a part of the samples where all of them take too long; */
const LEAST_EPOCHS = 12;
/** and samples of which they are, where there are as many. */
const LEAST_SAMPLES = 64;
/** Epochs that bring nothing on the validation split, after which a training ends. */
const PATIENCE = 3;
/** How much coarser networks are that are trained, one after the other, as long as each becomes good enough. */
const COARSER = [1.8, 3.2, 5.6];

/** What is trained, and how it is judged. */
export interface ImitatedOptions
  extends Pick<ImitationOptions, "batch" | "seed" | "kinds" | "typeOf" | "signal" | "onWork"> {
  readonly statistics: Statistics;
  /** In which each network is trained; default: as many as there is time for. */
  readonly epochs?: number;
  readonly note: (text: string) => void;
  readonly scaled: (how: How) => Promise<Scaling>;
  readonly judge: (scaling: Scaling, how: How, epochs: number) => Promise<CurvePoint>;
}

/**
 * Trains coarser networks, which rounding alone left too far off, to be good enough. How much is trained depends on
 * nothing but the network and its samples, so that the same seed makes the same network on every machine.
 * @param rounded what rounding alone came to
 * @returns the smallest that became good enough, or what rounding alone came to
 */
export async function imitated(
  engine: Engine,
  network: Model,
  data: LearningData,
  rounded: Found,
  { statistics, epochs: given, note, scaled, judge, ...how }: ImitatedOptions,
): Promise<Found> {
  const { samples, epochs, total } = budgetOf(macsIn(statistics.typed), data.train.size, given);
  if (total === 0 && given === undefined) {
    note("Training would take long for a network of this size, and is left out: give a number of epochs to have it.");
  }
  let best = rounded;
  let left = total;
  for (const factor of COARSER) {
    const most = Math.min(epochs, left);
    if (most === 0) return best;
    const coarser = { cut: rounded.point.cut, lambda: rounded.point.lambda * factor };
    const start = await scaled(coarser);
    // What follows from itself is not trained, and is not always smaller where it is coarser.
    if (bytesOf(start) >= bytesOf(best.scaling) || ![...start.values()].some(isScaled)) return best;
    let found: Found | undefined;
    let [highest, idle] = [Number.NEGATIVE_INFINITY, 0];
    note(`Imitating the network for up to ${most} epochs, from about ${bytesText(bytesOf(start))} on.`);
    await imitate(engine, network, start, data, {
      ...how,
      epochs: most,
      samples,
      scales: statistics.scales,
      async onEpoch(epoch, loss, scaling) {
        left--;
        if (!Number.isFinite(loss)) {
          note(`The imitation came to a loss of ${loss} in epoch ${epoch}, and ends: what was found before is kept.`);
          return true;
        }
        const point = await judge(scaling, coarser, epoch);
        if (point.accepted) found = { scaling, point };
        idle = point.fidelity > highest ? 0 : idle + 1;
        highest = Math.max(highest, point.fidelity);
        if (idle === PATIENCE) note(`The imitation brought nothing in ${PATIENCE} epochs, and ends.`);
        return point.accepted || idle === PATIENCE;
      },
    });
    if (!found) return best;
    best = found;
  }
  return best;
}

/** Multiply-accumulate operations of a sample. */
function macsIn(typed: TypedModel): number {
  const [batch] = typed.inputs[0].shape;
  return macsOf(typed, layersOf(typed)).reduce((sum, own) => sum + own / batch, 0);
}

/**
 * How much is trained: samples of an epoch, epochs of a network, and of all networks together.
 * @param macs of a sample
 * @param size samples that there are
 * @param given the epochs that were asked for
 */
export function budgetOf(macs: number, size: number, given: number | undefined) {
  if (given !== undefined) return { samples: size, epochs: given, total: given * COARSER.length };
  const all = OPERATIONS / (TIMES * Math.max(1, macs));
  const samples = Math.min(size, Math.floor(all / LEAST_EPOCHS));
  const total = samples < Math.min(size, LEAST_SAMPLES) ? 0 : Math.floor(all / samples);
  return { samples, epochs: IMITATION_EPOCHS, total };
}
