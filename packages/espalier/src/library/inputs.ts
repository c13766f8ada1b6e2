import { z } from "zod";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { withSample } from "../adoption/samples.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { withFixedInputs, withInputShapes } from "../onnx/simplify/inputs.ts";
import { modelOptions } from "./options/model.ts";
import { checkOptions, type Values } from "./options/option.ts";

const schema = z.object(modelOptions);

/** Inputs that are always the same, and shapes where a network leaves them open. */
export type InputOptions = z.input<typeof schema>;

/**
 * The model with its inputs as the options say: the shape of a sample, or of inputs by name, and inputs that are fixed.
 * @throws UserError for an unknown input, or what it cannot hold
 */
export function withInputs(model: Model, { fix = {}, shape = {} }: Values<typeof modelOptions>): Model {
  const shaped = Array.isArray(shape) ? withSample(model, shape) : withInputShapes(model, named(shape));
  return withFixedInputs(shaped, fix);
}

/**
 * The model with inputs that are always the same, for all that then works with it: an If that hangs on one is settled,
 * so that what it does not take is gone, and shapes are declared.
 * @throws UserError for an unknown input, or what it cannot hold
 */
export async function fixInputs(engine: Engine, model: Model, options: InputOptions): Promise<Model> {
  if (options.fix === undefined && options.shape === undefined) return model;
  return (await withComputedWeights(engine, withInputs(model, checkOptions(schema, options)))).model;
}

function named(shape: NonNullable<InputOptions["shape"]>): Readonly<Record<string, readonly number[]>> {
  return isList(shape) ? {} : shape;
}

function isList(shape: NonNullable<InputOptions["shape"]>): shape is readonly number[] {
  return Array.isArray(shape);
}
