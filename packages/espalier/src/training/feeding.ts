import { inputRoutes } from "../adoption/bind.ts";
import { batchOf, type LearningData, readInOrder, type Split, type TensorSpec } from "../data/dataset.ts";
import { convertible, type Route } from "../data/routes.ts";
import type { Tensors } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { TypedValue } from "../onnx/typed.ts";

/** The name under which a target is fed and read: apart from those of a network's values. */
export const targetOf = (name: string) => `target/${name}`;

/** What a batch is made of: the network's inputs, and the targets that a task wants. */
export interface Feed {
  /** [batch, ...]. */
  readonly inputs: readonly TypedValue[];
  readonly targets: readonly TensorSpec[];
}

/** The tensors of a sample as they are fed: the inputs by their names, targets by {@link targetOf} theirs. */
export function fedTensors({ inputs, targets }: Feed): TensorSpec[] {
  return [...inputs.flatMap(specOf), ...targets.map((target) => ({ ...target, name: targetOf(target.name) }))];
}

function specOf({ name, dtype, shape }: TypedValue): TensorSpec[] {
  return dtype === "string" ? [] : [{ name, dtype, shape: shape.slice(1) }];
}

/**
 * Reads some full batches, evenly spread over a split, whose tensors are fed by their names.
 * @param count no more than the samples fill
 */
export async function* spread(split: Split, feed: Feed, count: number): AsyncGenerator<Tensors> {
  const [batch] = feed.inputs[0].shape;
  const whole = Math.floor(split.size / batch);
  for (let i = 0; i < count; i++) {
    const { tensors, arrays } = batchOf(fedTensors(feed), batch);
    await readInOrder(split, batch * Math.floor((i * whole) / count), batch, arrays);
    yield tensors;
  }
}

/**
 * How the samples of some data become what is fed.
 * @throws UserError where they do not fit
 */
export function routesFor({ inputs, targets }: Feed, data: Pick<LearningData, "name" | "inputs" | "targets">): Route[] {
  const wanted = targets.map(({ name, dtype }) => {
    const from = data.targets.find((target) => target.name === name);
    if (!from) throw new UserError(`${data.name} has no targets "${name}": give data with them.`);
    if (!convertible(from.dtype, dtype)) {
      throw new UserError(
        `The targets "${name}" of ${data.name} are ${from.dtype}, and ${dtype} is needed: save them as ${dtype}.`,
      );
    }
    return { from, to: { name: targetOf(name), dtype } };
  });
  return [...inputRoutes(inputs, data), ...wanted];
}
