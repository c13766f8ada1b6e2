import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { changingValues } from "../onnx/changing.ts";
import { type NumericType, zeros } from "../onnx/dtype.ts";
import { copyModel, type Model, removeInitializer } from "../onnx/graph.ts";
import { integers, isFloat32, type NumericTensor, sizeOf, type TensorType } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import type { Engine, Tensors } from "./engine.ts";

/** An input that is fed, of a known shape. */
export interface FedInput extends TypedValue {
  readonly dtype: NumericType;
}

/** What one run of a model tells of it. */
export interface Probed {
  /** The types of the values that nodes make and of the outputs, in the order of the nodes. */
  readonly types: ReadonlyMap<string, TensorType>;
  /** The values that are always the same: see {@link changingValues}. */
  readonly constants: ReadonlyMap<string, NumericTensor>;
}

/** Weights larger than this are fed, so that they are not written out and read again. */
const LARGE = 2 ** 12;

/**
 * Runs a model once on zeros.
 * @param inputs all that are to be fed
 * @throws UserError for a model that cannot be run
 */
export async function probe(engine: Engine, model: Model, inputs: readonly FedInput[]): Promise<Probed> {
  const feeds: Tensors = {};
  for (const { name, dtype, shape } of inputs) feeds[name] = { dtype, dims: shape, data: zeros(dtype, sizeOf(shape)) };
  const outputs = model.outputs.map(({ name }) => name);
  const inner = model.nodes.flatMap((node) => node.outputs).filter((name) => name && !outputs.includes(name));
  const changing = changingValues(model);
  const constant = inner.filter((name) => !changing.has(name));

  const everything = withLargeWeightsFed(model, inputs, feeds);
  const graph = new GraphBuilder(everything, "type/");
  const probes = inner.map((name) => [name, typeProbe(graph, name)] as const);
  const wanted = new Set([...outputs, ...constant, ...probes.flatMap(([, { shape, none }]) => [shape, none])]);
  everything.outputs = Array.from(wanted, (name) => ({ name }));
  const program = await engine.compile(everything);
  try {
    const results = await program.run(feeds).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`The model "${model.name}" cannot be run (${reason}): export it again.`);
    });
    const types = new Map<string, TensorType>();
    for (const [name, { shape, none }] of probes) {
      types.set(name, { dtype: results[none].dtype, dims: integers(results[shape]) });
    }
    for (const name of outputs) types.set(name, { dtype: results[name].dtype, dims: [...results[name].dims] });
    return { types, constants: new Map(constant.map((name) => [name, results[name]])) };
  } finally {
    await program.release();
  }
}

/** Values that tell another's shape and element type, without its elements: its Shape, and none of its elements. */
function typeProbe(graph: GraphBuilder, value: string): { readonly shape: string; readonly none: string } {
  const flat = graph.emit("Reshape", [value, graph.ints([-1])]);
  return { shape: graph.emit("Shape", [value]), none: graph.emit("Gather", [flat, graph.ints([])]) };
}

/** A copy of the model for these inputs, which takes its large weights as further ones, added to the feeds. */
function withLargeWeightsFed(model: Model, inputs: readonly FedInput[], feeds: Tensors): Model {
  const byName = new Map(inputs.map((input) => [input.name, input]));
  const changed = copyModel(model);
  changed.inputs = model.inputs.map((input) => byName.get(input.name) ?? input);
  changed.values = new Map();
  for (const [name, tensor] of model.initializers) {
    if (!isFloat32(tensor) || tensor.data.length < LARGE) continue;
    removeInitializer(changed, name);
    changed.inputs.push({ name, dtype: tensor.dtype, shape: tensor.dims });
    feeds[name] = tensor;
  }
  return changed;
}
