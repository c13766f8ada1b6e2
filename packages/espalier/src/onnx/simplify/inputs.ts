import { UserError } from "../../errors.ts";
import { OptionsError } from "../../options-error.ts";
import { isWhole, zeros } from "../dtype.ts";
import { fillElements } from "../elements.ts";
import { copyModel, type Dim, fedInputs, type Model, type Value } from "../graph.ts";
import { type NumericTensor, sizeOf } from "../tensor.ts";

/** Numbers for inputs, by name: one for all elements, or one for each. */
export type FixedInputs = Readonly<Record<string, number | readonly number[]>>;

/** Whole shapes for inputs, by name. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/**
 * The model with shapes for its inputs; a size that has a name becomes the same wherever the name is.
 * @throws UserError for an unknown input, or a shape that contradicts what is declared
 */
export function withInputShapes(model: Model, shapes: InputShapes): Model {
  const symbols = new Map<string, number>();
  const own = new Map<Value, readonly number[]>();
  for (const [name, sizes] of Object.entries(shapes)) {
    const input = inputOf(model, name);
    const declared = input.shape ?? sizes.map(() => null);
    const fits =
      declared.length === sizes.length && declared.every((dim, i) => typeof dim !== "number" || dim === sizes[i]);
    if (!fits) {
      throw new UserError(
        `The input "${name}" is declared as [${declared.map((dim) => dim ?? "?")}], and the shape given for it is [${sizes}]: give one that agrees with it.`,
      );
    }
    own.set(input, sizes);
    for (const [i, dim] of declared.entries()) {
      if (typeof dim !== "string") continue;
      if ((symbols.get(dim) ?? sizes[i]) !== sizes[i]) {
        throw new UserError(`The size "${dim}" is given as ${symbols.get(dim)} and as ${sizes[i]}: give one for both.`);
      }
      symbols.set(dim, sizes[i]);
    }
  }
  if (own.size === 0) return model;
  const sized = (dim: Dim) => (typeof dim === "string" ? (symbols.get(dim) ?? dim) : dim);
  const declared = (value: Value): Value => ({ ...value, shape: own.get(value) ?? value.shape?.map(sized) });
  // What the file declares of values in between may be of other sizes.
  return { ...model, inputs: model.inputs.map(declared), outputs: model.outputs.map(declared), values: new Map() };
}

/**
 * The model with some of its inputs always the same: they are initializers, and no longer fed.
 * @throws UserError for an unknown input, or numbers that it cannot hold
 */
export function withFixedInputs(model: Model, fixed: FixedInputs): Model {
  const names = Object.keys(fixed);
  if (names.length === 0) return model;
  const changed = copyModel(model);
  for (const [name, values] of Object.entries(fixed)) {
    changed.initializers.set(name, constantFor(inputOf(model, name), typeof values === "number" ? [values] : values));
  }
  changed.inputs = model.inputs.filter(({ name }) => !names.includes(name));
  return changed;
}

function inputOf(model: Model, name: string): Value {
  const inputs = fedInputs(model);
  const found = inputs.find((input) => input.name === name);
  if (found) return found;
  const list = inputs.map((input) => `"${input.name}"`).join(", ") || "none";
  throw new UserError(`The network has no input "${name}": its inputs are ${list}.`);
}

function constantFor({ name, dtype, shape = [] }: Value, values: readonly number[]): NumericTensor {
  if (dtype === undefined || dtype === "string" || !/^(float32|float64|u?int(8|16|32|64)|bool)$/.test(dtype)) {
    throw new UserError(`The input "${name}" is ${dtype ?? "of no known type"}, which cannot be fixed to a number.`);
  }
  const dims = sizesFor(name, shape, values.length);
  const data = zeros(dtype, sizeOf(dims));
  const wrong = (value: number) =>
    new UserError(`The input "${name}" is ${dtype}, and ${value} is none: fix it to a number of its type.`);
  for (let i = 0; i < data.length; i++) {
    const value = values.length === 1 ? values[0] : values[i];
    if (!Number.isFinite(value) || (isWhole(dtype) && !Number.isSafeInteger(value))) throw wrong(value);
    fillElements(data, value, i, i + 1);
    const isHeld = dtype === "float32" || Number(data[i]) === value;
    if (!isHeld || (dtype === "bool" && value > 1)) throw wrong(value);
  }
  return { dtype, dims, data };
}

/** The sizes of an input that so many numbers fill: open ones take what is left, one number fills any size. */
function sizesFor(name: string, shape: readonly Dim[], count: number): number[] {
  const known = sizeOf(shape.filter((dim) => typeof dim === "number"));
  const open = shape.filter((dim) => typeof dim !== "number").length;
  const rest = open === 1 && count % known === 0 ? count / known : 1;
  const sizes = shape.map((dim) => (typeof dim === "number" ? dim : rest));
  if (count === 1 || sizeOf(sizes) === count) return sizes;
  throw new OptionsError(
    (o) =>
      `The input "${name}" is [${shape.map((dim) => dim ?? "?")}], and ${count} numbers do not fill it: give ${o("fix")} one number, or one for each element.`,
  );
}
