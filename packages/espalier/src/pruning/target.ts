import { UserError } from "../errors.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import { type Layer, selectLayers } from "../operators/layers.ts";
import type { Masks, Parameters } from "../training/parameters.ts";
import { countAll, largest, maskAbove, maskOfLargest } from "./mask.ts";
import { standardDeviation } from "./threshold.ts";

/** How far to prune. Layers that no pattern fits are not pruned. */
export type Target =
  /** Density of layers, by name or glob; the last pattern that fits a layer counts. */
  | { readonly kind: "density"; readonly layers: readonly (readonly [pattern: string, density: number])[] }
  /** Quality parameter of layers: threshold = s * standard deviation of the layer's weights (Han et al., section 3). */
  | { readonly kind: "quality"; readonly layers: readonly (readonly [pattern: string, quality: number])[] }
  /** All parameters / non-zero ones, reached by one quality parameter, or one limit of the scores, for all layers. */
  | { readonly kind: "rate"; readonly rate: number }
  /** These very masks, as of a network that was pruned before; of units all that has entries for them, biases too. */
  | { readonly kind: "masks"; readonly masks: Masks; readonly ofUnits?: boolean };

/** The scores by which connections are kept, by the name of the layer's weights. */
export type Scores = ReadonlyMap<string, FloatTensor>;

/**
 * Chooses the connections to keep.
 * @param part of the way to the target, 0 to 1: densities and rates go there by equal factors, qualities by equal steps
 * @param scores of another criterion than magnitude
 * @throws UserError for an unknown layer, a density or rate out of range, or a rate that biases alone exceed
 */
export function chooseMasks(
  target: Target,
  layers: readonly Layer[],
  parameters: Parameters,
  part = 1,
  scores?: Scores,
): Masks {
  const masks = new Map<string, FloatTensor>();
  const scoresOf = (layer: Layer) => scores?.get(layer.weight) ?? weightsOf(layer, parameters);
  const cut = (layer: Layer, threshold: number) => {
    masks.set(layer.weight, maskAbove(scoresOf(layer), threshold));
  };
  switch (target.kind) {
    case "masks":
      return target.ofUnits ? target.masks : checkedMasks(target.masks, layers);
    case "density":
      for (const [layer, density] of perLayer(target.layers, layers, checkDensity)) {
        const scored = scoresOf(layer);
        masks.set(layer.weight, maskOfLargest(scored, Math.round(density ** part * scored.data.length)));
      }
      return masks;
    case "quality":
      if (scores)
        throw new UserError("A quality parameter belongs to the criterion magnitude: give densities or a rate.");
      for (const [layer, quality] of perLayer(target.layers, layers, checkQuality)) {
        cut(layer, part * quality * standardDeviation(weightsOf(layer, parameters).data));
      }
      return masks;
    case "rate": {
      const wanted = keptAtRate(target.rate ** part, layers, parameters);
      if (scores) {
        return largestOf(
          layers.map((layer) => [layer.weight, scoresOf(layer)]),
          Math.floor(wanted),
        );
      }
      const quality = qualityFor(target.rate, wanted, layers, parameters);
      for (const layer of layers) cut(layer, quality * standardDeviation(weightsOf(layer, parameters).data));
      return masks;
    }
  }
}

/** @throws UserError where a mask is none of a layer's, or of another shape */
function checkedMasks(masks: Masks, layers: readonly Layer[]): Masks {
  for (const [name, { dims }] of masks) {
    const layer = layers.find(({ weight }) => weight === name);
    if (layer?.tensor.dims.join() === dims.join()) continue;
    const here = layer ? `is [${layer.tensor.dims}] here` : "is not a layer here";
    throw new UserError(
      `The masks are those of another network: "${name}" is [${dims}] there and ${here}; give masks of this one.`,
    );
  }
  return masks;
}

/** The masks that keep so many of all scores together, the largest. */
function largestOf(scores: readonly (readonly [weight: string, own: FloatTensor])[], kept: number): Masks {
  const all = new Float32Array(scores.reduce((sum, [, { data }]) => sum + data.length, 0));
  let end = 0;
  for (const [, { data }] of scores) {
    all.set(data, end);
    end += data.length;
  }
  const mask = Float32Array.from(largest(all, kept));
  let start = 0;
  return new Map(
    scores.map(([weight, { dims, data }]) => {
      const own = float32(dims, mask.slice(start, start + data.length));
      start += data.length;
      return [weight, own] as const;
    }),
  );
}

/**
 * Checks a target against a network before any work is done.
 * @throws UserError where it cannot be reached, or the network is there already
 */
export function checkTarget(target: Target, layers: readonly Layer[], parameters: Parameters): void {
  if (target.kind === "rate") refuseReached(target.rate, parameters);
  chooseMasks(target, layers, parameters);
}

/** @throws UserError for a rate above 1 that a network has without being pruned further */
function refuseReached(rate: number, parameters: Parameters): void {
  const { parameters: all, nonzero } = countAll(parameters);
  if (rate <= 1 || all < rate * nonzero) return;
  throw new UserError(
    `The network is at ${nonzero === 0 ? "all zeros" : `${(all / nonzero).toFixed(2)}x`} already: ask for a rate above it.`,
  );
}

function weightsOf(layer: Layer, parameters: Parameters): FloatTensor {
  return parameters.get(layer.weight) ?? layer.tensor;
}

function perLayer(
  patterns: readonly (readonly [string, number])[],
  layers: readonly Layer[],
  check: (pattern: string, value: number) => void,
): Map<Layer, number> {
  const chosen = new Map<Layer, number>();
  for (const [pattern, value] of patterns) {
    check(pattern, value);
    for (const layer of selectLayers(layers, pattern)) chosen.set(layer, value);
  }
  return chosen;
}

function checkDensity(pattern: string, density: number): void {
  if (!(density > 0 && density <= 1)) {
    throw new UserError(`The density ${density} of "${pattern}" is out of range: give a number above 0 and up to 1.`);
  }
}

function checkQuality(pattern: string, quality: number): void {
  if (!(quality >= 0 && Number.isFinite(quality))) {
    throw new UserError(
      `The quality parameter ${quality} of "${pattern}" is not valid: give a number from 0, such as 1.5.`,
    );
  }
}

/** No weights spread over so many standard deviations. */
const MOST_QUALITY = 2 ** 40;

/** How many weights may stay for all parameters / non-zero ones to be a rate. */
function keptAtRate(rate: number, layers: readonly Layer[], parameters: Parameters): number {
  if (!(rate >= 1 && Number.isFinite(rate))) {
    throw new UserError(`The rate ${rate} is out of range: give a number of 1 or more, such as 12.`);
  }
  const weights = new Set(layers.map(({ weight }) => weight));
  let all = 0;
  let others = 0;
  for (const [name, tensor] of parameters) {
    all += tensor.data.length;
    if (!weights.has(name)) others += tensor.data.length;
  }
  const wanted = all / rate - others;
  if (wanted < 1) {
    throw new UserError(
      `The rate ${rate} cannot be reached: ${others} of the ${all} parameters are biases, which are not pruned; ask for less than ${Math.floor(all / others)}.`,
    );
  }
  return wanted;
}

/** The quality parameter at which all layers together keep so many weights, found by halving. */
function qualityFor(rate: number, wanted: number, layers: readonly Layer[], parameters: Parameters): number {
  const sorted = layers.map((layer) => {
    const { data } = weightsOf(layer, parameters);
    return { magnitudes: data.map(Math.abs).sort(), deviation: standardDeviation(data) };
  });
  const keptAt = (quality: number) =>
    sorted.reduce((sum, { magnitudes, deviation }) => sum + countAbove(magnitudes, quality * deviation), 0);
  let low = 0;
  let high = 1;
  while (keptAt(high) > wanted) {
    high *= 2;
    if (high > MOST_QUALITY) {
      throw new UserError(
        `The rate ${rate} cannot be reached: a layer's weights are all the same; train the model first.`,
      );
    }
  }
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (keptAt(middle) > wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** How many of the sorted numbers are above a limit. */
function countAbove(sorted: Float32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return sorted.length - low;
}
