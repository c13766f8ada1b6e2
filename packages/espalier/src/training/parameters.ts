import { UserError } from "../errors.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../onnx/tensor.ts";
import { learnsFrom, readsThroughViews } from "../operators/roles.ts";

/** Float tensors by the name of their parameter, or of their running statistic. */
export type Parameters = ReadonlyMap<string, FloatTensor>;

/** A mask for each pruned parameter: 1 = kept, 0 = cut, in the parameter's shape. */
export type Masks = Parameters;

/**
 * The parameters of a network that can be trained: float32 initializers of at least one dimension that a node learns
 * from. Bounds, running statistics, numbers of a formula and masks are none.
 */
export function trainableParameters(model: Model): string[] {
  const reads = readsThroughViews(model);
  return [...model.initializers.keys()].filter((name) => {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor) || tensor.dims.length === 0 || sizeOf(tensor.dims) === 0) return false;
    return reads.get(name)?.some(({ node, input }) => learnsFrom(node, input, tensor)) ?? false;
  });
}

/** The running means and variances of BatchNormalization, which follow the batches while a network is trained. */
export function runningStatistics({ nodes, initializers }: Model): string[] {
  const read = new Set(nodes.flatMap(({ op, inputs }) => (op === "BatchNormalization" ? inputs.slice(3) : [])));
  return [...initializers.keys()].filter((name) => read.has(name) && isFloat32(initializers.get(name)));
}

/** All that training may change: the trainable parameters and the running statistics. */
export function learnedTensors(model: Model): string[] {
  return [...trainableParameters(model), ...runningStatistics(model)];
}

/** Those of some parameters that have one of the names. */
export function pick(parameters: Parameters, names: readonly string[]): Parameters {
  const found = new Map<string, FloatTensor>();
  for (const name of names) {
    const tensor = parameters.get(name);
    if (tensor) found.set(name, tensor);
  }
  return found;
}

/**
 * The model with other values of some of its parameters; nodes and all else are shared.
 * @throws UserError for one of another shape: where it is broadcast, it would go along another axis
 */
export function withParameters<M extends Model>(model: M, parameters: Parameters): M {
  for (const [name, { dims }] of parameters) {
    const current = model.initializers.get(name);
    if (!current || current.dims.join() === dims.join()) continue;
    throw new UserError(
      `The parameter "${name}" of "${model.name}" has the shape [${current.dims}], not [${dims}]: give it a tensor of its own shape.`,
    );
  }
  return { ...model, ...copyModel(model), initializers: new Map([...model.initializers, ...parameters]) };
}

/** The float32 initializers of those names. */
export function parametersOf(model: Model, names: Iterable<string>): Parameters {
  const found = new Map<string, FloatTensor>();
  for (const name of names) {
    const tensor = model.initializers.get(name);
    if (isFloat32(tensor)) found.set(name, tensor);
  }
  return found;
}

/** The parameters with the connections that masks cut set to zero. */
export function applyMasks(parameters: Parameters, masks: Masks): Parameters {
  return new Map(
    Array.from(parameters, ([name, tensor]) => {
      const mask = masks.get(name);
      return [
        name,
        mask
          ? float32(
              tensor.dims,
              tensor.data.map((w, i) => (mask.data[i] === 0 ? 0 : w)),
            )
          : tensor,
      ];
    }),
  );
}
