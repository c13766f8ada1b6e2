import type { DType } from "./dtype.ts";
import { copyModel, type Model, type Value } from "./graph.ts";
import type { TensorType } from "./tensor.ts";

/** A value whose element type and concrete shape are known. */
export interface TypedValue extends Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A model whose inputs have an element type and a concrete shape, so that it can be fed; what it makes may be of any. */
export interface FeedableModel extends Model {
  inputs: TypedValue[];
}

/** The brand. Protected members are left out of a spread, so that a changed copy of a typed model is a plain model. */
declare abstract class Typed {
  protected readonly typed: true;
}

/**
 * A model for one batch size: every input, every output and every value that a node makes has an element type and a
 * concrete shape. `annotate` of the engine makes one of any model; `lookup` and `typeOf` know all of its values.
 */
export interface TypedModel extends FeedableModel, Typed {
  outputs: TypedValue[];
  values: Map<string, TypedValue>;
}

/**
 * A model that was typed value by value, as such: what is made of a typed model goes through here to be one again.
 * Inputs that initializers fill have the type of these.
 * @throws Error for a value without a type, a fault of whoever made the model
 */
export function typedModel(model: Model): TypedModel {
  const inputs = model.inputs.map((input) => {
    const tensor = model.initializers.get(input.name);
    return tensor ? { ...input, dtype: tensor.dtype, shape: tensor.dims } : input;
  });
  const filled = { ...model, inputs };
  if (isTyped(filled)) return filled;
  throw new Error(`The model "${model.name}" is not typed in full: ${untyped(filled).join(", ")}.`);
}

/** The types of values by their names. */
export function typesOf(values: readonly TypedValue[]): Map<string, TensorType> {
  return new Map(values.map(({ name, dtype, shape }) => [name, { dtype, dims: shape }]));
}

/** A copy of the model with what is known of its values: of all of them, together. */
export function withTypes(model: Model, ...known: readonly ReadonlyMap<string, TensorType>[]): TypedModel {
  const types = new Map(known.flatMap((found) => [...found]));
  const declared = (value: Value): Value => {
    const type = types.get(value.name);
    return type ? { ...value, dtype: type.dtype, shape: type.dims } : value;
  };
  const named = new Set(model.outputs.map(({ name }) => name));
  const inner = model.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "" && !named.has(name));
  return typedModel({
    ...copyModel(model),
    inputs: model.inputs.map(declared),
    outputs: model.outputs.map(declared),
    values: new Map(inner.map((name) => [name, declared({ name })])),
  });
}

function isTyped(model: Model): model is TypedModel {
  return untyped(model).length === 0;
}

/** The values whose type or shape is not known in full. */
function untyped({ nodes, inputs, outputs, values }: Model): string[] {
  const declared = [...inputs, ...outputs, ...values.values()];
  const known = new Set(declared.filter(isTypedValue).map(({ name }) => name));
  const made = nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
  return [...new Set([...declared.map(({ name }) => name), ...made])].filter((name) => !known.has(name));
}

function isTypedValue({ dtype, shape }: Value): boolean {
  return dtype !== undefined && (shape?.every((dim) => typeof dim === "number") ?? false);
}
