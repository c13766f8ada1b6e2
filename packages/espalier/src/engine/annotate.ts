import { UserError } from "../errors.ts";
import { changingValues } from "../onnx/changing.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import { withConstants } from "../onnx/simplify/fold.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { type TypedModel, typesOf, withTypes } from "../onnx/typed.ts";
import { OptionsError } from "../options-error.ts";
import type { Engine } from "./engine.ts";
import { type FedInput, probe } from "./probe.ts";
import { probeOnce } from "./probe-once.ts";

/** Sizes for the symbols in a model's shapes; a first dimension without a name is called "batch". */
export type Symbols = Readonly<Record<string, number>>;

/** No input may be declared larger. */
const MOST_ELEMENTS = 2 ** 28;

/**
 * Gives a model concrete shapes: those of its inputs from `symbols`, all others by running the model once on zeros.
 * So shapes are ONNX Runtime's own, whatever the operators. They are found once for all values of the weights.
 * @throws UserError for a dimension that `symbols` does not settle, or a model that cannot be run
 */
export async function annotate(engine: Engine, model: Model, symbols: Symbols): Promise<TypedModel> {
  const inputs = concreteInputs(model, symbols);
  const { types } = await probeOnce(engine, model, inputs);
  return withTypes(model, typesOf(inputs), types);
}

/**
 * {@link annotate}, and what depends on shapes alone becomes constant: the arithmetic by which exports that leave sizes
 * open compute the targets of Reshape, the bounds of Slice and the like. The result is for that batch only.
 */
export async function settle(engine: Engine, model: Model, symbols: Symbols): Promise<TypedModel> {
  const inputs = concreteInputs(model, symbols);
  const { types, constants } = await probeOnce(engine, model, inputs);
  return withConstants(withTypes(model, typesOf(inputs), types), constants, ({ outputs }) =>
    outputs.every((name) => constants.has(name)),
  );
}

/**
 * Types a model that was made of a typed one by adding nodes, or by putting others in the place of some that make the
 * same values. Only what makes new values is run.
 * @param base the model that it was made of
 */
export async function annotateAdditions(engine: Engine, model: Model, base: TypedModel): Promise<TypedModel> {
  const known = typesOf([...concreteInputs(model, {}), ...base.values.values(), ...base.outputs]);
  const changing = changingValues(model);
  const nodes = model.nodes.filter(({ outputs }) =>
    outputs.some((name) => name !== "" && !(known.has(name) && changing.has(name))),
  );
  if (nodes.length === 0) return withTypes(model, known);
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const read = new Set(nodes.flatMap(readsOf));
  const initializers = new Map([...model.initializers].filter(([name]) => read.has(name)));
  const inputs = Array.from(known, ([name, { dtype, dims }]) => ({ name, dtype, shape: dims })).filter(
    ({ name }) => read.has(name) && !made.has(name) && !initializers.has(name),
  );
  const added: Model = { ...model, nodes, inputs, outputs: [], initializers };
  const { types } = await probe(engine, added, concreteInputs(added, {}));
  return withTypes(model, known, types);
}

/** The inputs that are fed, with the sizes that symbols stand for. */
export function concreteInputs(model: Model, symbols: Symbols): FedInput[] {
  return fedInputs(model).map((input) => concrete(input, symbols));
}

function concrete(input: Value, symbols: Symbols): FedInput {
  const { name, dtype } = input;
  if (dtype === undefined || dtype === "string" || input.shape === undefined) {
    throw new UserError(`The input "${name}" has no numeric type and rank: declare them in the model.`);
  }
  const shape = input.shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const symbol = dim ?? (axis === 0 ? "batch" : `${name}[${axis}]`);
    const size = symbols[symbol] ?? (axis === 0 ? symbols.batch : undefined);
    if (size === undefined)
      throw new OptionsError(
        (o) => `The size "${symbol}" of the input "${name}" is open: give it a number by ${o("shape")}.`,
      );
    return size;
  });
  const size = sizeOf(shape);
  if (!(size <= MOST_ELEMENTS)) {
    throw new UserError(`The input "${name}" is declared as [${shape}], ${size} elements: declare its true size.`);
  }
  return { ...input, dtype, shape };
}
