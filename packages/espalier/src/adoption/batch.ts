import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";

/** Numbers that all values of a batch may be together: 128 MB of float32. */
const MOST_VALUES = 2 ** 25;

/**
 * How many samples a network can be run on at a time so that each output has theirs one behind the other: as many as
 * are wanted and have room, the number that it was exported with, or one, of which every output is.
 * @param model a network whose inputs leave no size open but the batch
 * @param single the same, typed for one sample
 */
export async function batchThatFits(engine: Engine, model: Model, single: TypedModel, wanted: number): Promise<number> {
  const fixed = fedInputs(model).find(({ shape: [first] = [] }) => typeof first === "number")?.shape?.[0];
  if (typeof fixed === "number") return fixed;
  const most = roomFor(single, MOST_VALUES, wanted);
  return most > 1 && (await isInRows(engine, model)) ? most : 1;
}

/**
 * Returns true if a network with an open batch runs with any, and each output has as many rows for each sample, those of
 * the samples one behind the other.
 */
export async function isInRows(engine: Engine, model: Model): Promise<boolean> {
  try {
    const [two, three] = [await annotate(engine, model, { batch: 2 }), await annotate(engine, model, { batch: 3 })];
    return two.outputs.every(({ shape }, i) => {
      const other = three.outputs[i].shape;
      const [rows = 0, ...rest] = shape;
      return rows % 2 === 0 && other[0] === (rows / 2) * 3 && rest.join() === other.slice(1).join();
    });
  } catch (error) {
    // Something inside may have the size of one sample.
    if (error instanceof UserError) return false;
    throw error;
  }
}

/**
 * How many samples have room at a time, of those that are wanted; at least one.
 * @param typed the network, typed for so many `samples`
 * @param most numbers that all values of a batch may be together
 */
export function roomFor(
  typed: Pick<TypedModel, "values" | "inputs">,
  most: number,
  wanted: number,
  samples = 1,
): number {
  return Math.max(1, Math.min(wanted, Math.floor((most * samples) / valuesOf(typed))));
}

/** How many numbers all that a network computes for its batch is. */
function valuesOf({ values, inputs }: Pick<TypedModel, "values" | "inputs">): number {
  return [...values.values(), ...inputs].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
