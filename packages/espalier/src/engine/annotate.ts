import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { type NumericType, zeros } from "../onnx/dtype.ts";
import { copyModel, fedInputs, type Model, type Node, type Value } from "../onnx/graph.ts";
import { dependents } from "../onnx/live.ts";
import { integers, isFloat32, sizeOf } from "../onnx/tensor.ts";
import { type TypedModel, type TypedValue, typedModel } from "../onnx/typed.ts";
import type { Engine, Tensors } from "./engine.ts";

/** Sizes for the symbols in a model's shapes; a first dimension without a name is called "batch". */
export type Symbols = Readonly<Record<string, number>>;

/** No input may be declared larger. */
const MOST_ELEMENTS = 2 ** 28;

/** Weights larger than this are fed, so that they are not written out and read again. */
const LARGE = 2 ** 12;

/**
 * Gives a model concrete shapes: those of its inputs from `symbols`, all others by running the model once on zeros.
 * So shapes are ONNX Runtime's own, whatever the operators.
 * @throws UserError for a dimension that `symbols` does not settle, or a model that cannot be run
 */
export async function annotate(engine: Engine, model: Model, symbols: Symbols): Promise<TypedModel> {
  return (await probe(engine, model, symbols)).typed;
}

/**
 * {@link annotate}, and what depends on shapes alone becomes constant: the arithmetic by which exports that leave sizes
 * open compute the targets of Reshape, the bounds of Slice and the like. The result is for that batch only.
 */
export async function settle(engine: Engine, model: Model, symbols: Symbols): Promise<TypedModel> {
  const { typed, results } = await probe(engine, model, symbols);
  const changing = changingValues(model);
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const settled = (node: Node) =>
    node.inputs.length > 0 && node.outputs.every((name) => name && !changing.has(name) && !outputs.has(name));
  for (const name of model.nodes.filter(settled).flatMap((node) => node.outputs)) {
    typed.initializers.set(name, results[name]);
  }
  typed.nodes = model.nodes.filter((node) => !settled(node));
  return typed;
}

/**
 * The values that depend on what is fed, on weights or on chance.
 * @param throughShapes whether those count that depend on shapes alone
 */
export function changingValues({ nodes, inputs, initializers }: Model, throughShapes = false): Set<string> {
  const weights = [...initializers].flatMap(([name, { dtype, dims }]) =>
    dtype === "float32" && dims.length > 0 ? name : [],
  );
  const random = nodes.filter(({ op }) => /^(Random|Bernoulli|Multinomial)/.test(op)).flatMap(({ outputs }) => outputs);
  const followed = throughShapes ? nodes : nodes.filter(({ op }) => op !== "Shape" && op !== "Size");
  return dependents(followed, [...inputs.map(({ name }) => name), ...weights, ...random]);
}

/** Runs a model once on zeros. The results are its outputs, and all values that are always the same. */
export async function probe(
  engine: Engine,
  model: Model,
  symbols: Symbols,
): Promise<{ typed: TypedModel; results: Tensors }> {
  const fed = new Map(fedInputs(model).map((input) => [input.name, concrete(input, symbols)]));
  const typed = { ...copyModel(model), inputs: model.inputs.map((input) => fed.get(input.name) ?? input) };

  const feeds: Tensors = {};
  for (const { name, dtype, shape } of fed.values()) {
    feeds[name] = { dtype, dims: shape, data: zeros(dtype, sizeOf(shape)) };
  }
  const named = new Set(model.outputs.map(({ name }) => name));
  const inner = model.nodes.flatMap((node) => node.outputs).filter((name) => name && !named.has(name));
  const changing = changingValues(model);
  const constants = inner.filter((name) => !changing.has(name));
  const everything = withLargeWeightsFed(typed, feeds);
  everything.values = new Map();
  const graph = new GraphBuilder(everything, "type/");
  const types = new Map(inner.map((name) => [name, typeProbe(graph, name)]));
  everything.outputs = [...named, ...constants, ...[...types.values()].flat()].map((name) => ({ name }));
  const program = await engine.compile(everything);
  try {
    const results = await program.run(feeds).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`The model "${model.name}" cannot be run (${reason}): export it again.`);
    });
    const values = Array.from(types, ([name, [shape, none]]): [string, TypedValue] => [
      name,
      { name, dtype: results[none].dtype, shape: integers(results[shape]) },
    ]);
    const outputs = model.outputs.map((output) => {
      const { dtype, dims } = results[output.name];
      return { ...output, dtype, shape: [...dims] };
    });
    return { typed: typedModel({ ...typed, values: new Map(values), outputs }), results };
  } finally {
    await program.release();
  }
}

/** Values that tell another's shape and element type, without its elements: its Shape, and none of its elements. */
function typeProbe(graph: GraphBuilder, value: string): readonly [shape: string, none: string] {
  const flat = graph.emit("Reshape", [value, graph.ints([-1])]);
  return [graph.emit("Shape", [value]), graph.emit("Gather", [flat, graph.ints([])])];
}

function withLargeWeightsFed(model: Model, feeds: Tensors): Model {
  const changed = copyModel(model);
  for (const [name, tensor] of model.initializers) {
    if (!isFloat32(tensor) || tensor.data.length < LARGE) continue;
    changed.initializers.delete(name);
    changed.inputs = changed.inputs.filter((input) => input.name !== name);
    changed.inputs.push({ name, dtype: tensor.dtype, shape: tensor.dims });
    feeds[name] = tensor;
  }
  return changed;
}

interface Fed extends TypedValue {
  readonly dtype: NumericType;
}

function concrete(input: Value, symbols: Symbols): Fed {
  const { name, dtype } = input;
  if (dtype === undefined || dtype === "string" || input.shape === undefined) {
    throw new UserError(`The input "${name}" has no numeric type and rank: declare them in the model.`);
  }
  const shape = input.shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const symbol = dim ?? (axis === 0 ? "batch" : `${name}[${axis}]`);
    const size = symbols[symbol] ?? (axis === 0 ? symbols.batch : undefined);
    if (size === undefined)
      throw new UserError(
        `The size "${symbol}" of the input "${name}" is open: give it a number, on the command line by --shape.`,
      );
    return size;
  });
  const size = sizeOf(shape);
  if (!(size <= MOST_ELEMENTS)) {
    throw new UserError(`The input "${name}" is declared as [${shape}], ${size} elements: declare its true size.`);
  }
  return { ...input, dtype, shape };
}
