import { fedInputs, lookup, type Model, type Node } from "../graph.ts";
import { integers, isFloat32, sizeOf } from "../tensor.ts";

/** Operators whose result has the shape of what they read, stretched where one is smaller. */
export const ELEMENTWISE = new Set(
  "Abs Add Clip Div Erf Exp HardSigmoid Identity LeakyRelu Max Min Mul Neg Reciprocal Relu Sigmoid Sqrt Sub Sum Tanh".split(
    " ",
  ),
);

/** The shapes of float32 values: those that the model states, and what follows from them for a few operators. */
export function shapesOf(model: Model): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const declared = [...fedInputs(model), ...model.values.values(), ...model.outputs];
  // Reshape says no element type: where there are doubles, any may be one.
  if (declared.some(({ dtype }) => dtype === "float64")) return shapes;
  for (const { name, dtype, shape } of declared) {
    const dims = shape?.filter((dim) => typeof dim === "number");
    if (dtype === "float32" && dims && dims.length === shape?.length) shapes.set(name, dims);
  }
  for (const [name, tensor] of model.initializers) if (isFloat32(tensor)) shapes.set(name, tensor.dims);
  const { constant } = lookup(model);
  for (const node of model.nodes) {
    const [output] = node.outputs;
    const shape = shapes.has(output) ? undefined : follows(node);
    if (shape) shapes.set(output, shape);
  }
  return shapes;

  function follows({ op, domain, inputs }: Node): readonly number[] | undefined {
    if (domain !== "") return undefined;
    if (op === "Reshape") {
      const target = constant(inputs[1]);
      const dims = target && integers(target);
      return dims?.every((dim) => dim > 0) ? dims : undefined;
    }
    if (op === "BatchNormalization") return shapes.get(inputs[0]);
    if (!ELEMENTWISE.has(op)) return undefined;
    const all = inputs.filter(Boolean).map((name) => shapes.get(name));
    const [largest] = all.toSorted((a = [], b = []) => sizeOf(b) - sizeOf(a));
    return all.every((dims) => dims && fits(dims, largest ?? [])) ? largest : undefined;
  }
}

/** Returns true if a tensor of one shape is stretched to another by broadcasting. */
function fits(dims: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - dims.length;
  return lead >= 0 && dims.every((dim, axis) => dim === 1 || dim === to[lead + axis]);
}
