import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Layer } from "../../operators/layers.ts";
import { inOrder } from "../../reconstruction/in-order.ts";
import { linearLayer } from "../../reconstruction/linear.ts";
import { type Inputs, withBias } from "../../reconstruction/moments.ts";
import { problemOf } from "../../reconstruction/problem.ts";
import {
  applyMasks,
  type Masks,
  type Parameters,
  parametersOf,
  pick,
  withParameters,
} from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import type { Anatomy } from "./anatomy.ts";
import { errorsOf, maskIn, unitsIn } from "./columns.ts";
import { type LayerErrors, readersOf } from "./layer-errors.ts";

/** Of conjugate gradients, after which errors hardly fall. */
const ITERATIONS = 25;

export interface FitOptions {
  readonly frozen: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
}

/** Layers fitted, and what each would lose with one unit more. */
export interface Fit {
  readonly parameters: Parameters;
  readonly errors: LayerErrors;
}

/**
 * Fits what reads removed units, and every other layer, by least squares to what it computed in the whole network, from
 * the input on.
 * @param masks of the removed units
 * @param start parameters to begin with
 */
export async function fitAround(
  engine: Engine,
  whole: Model,
  data: LearningData,
  anatomy: Anatomy,
  masks: Masks,
  start: Parameters,
  { frozen, signal, onWork }: FitOptions,
): Promise<Fit> {
  const readers = readersOf(anatomy);
  const errors = new Map<string, Float64Array>();
  const change = async (annotated: TypedModel, layer: Layer, batches: readonly Inputs[]): Promise<Parameters> => {
    const own = parametersOf(withParameters(annotated, applyMasks(start, masks)), layer.parameters);
    const problem = frozen.has(layer.weight) ? undefined : await problemOf(engine, annotated, layer, batches);
    const linear = problem && linearLayer(annotated, layer);
    if (!problem || !linear) return own;
    const { squares, shape, fixed } = problem;
    try {
      const bias = linear.bias ? own.get(linear.bias) : undefined;
      const before = withBias(linear, linear.matrices(own.get(layer.weight) ?? layer.tensor), bias?.data);
      const mask = maskIn(linear, layer, masks);
      const weights = await squares.fit(
        mask,
        before.map((w, i) => (mask[i] === 0 ? 0 : w)),
        ITERATIONS,
      );
      const found = readers.get(layer.weight);
      if (found) errors.set(layer.weight, errorsOf(squares, shape, fixed, weights, unitsIn(linear, layer, found)));
      return new Map([...own, ...problem.parameters(weights)]);
    } finally {
      await squares.release();
    }
  };
  const changed = await inOrder(engine, whole, data, change, { signal, onWork });
  const fitted = pick(new Map([...start, ...changed]), [...start.keys()]);
  return { parameters: applyMasks(fitted, masks), errors };
}
