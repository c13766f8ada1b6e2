import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel, type Model, type Node } from "../../onnx/graph.ts";
import { copyOf, type FloatTensor, float32, isFloat32, type NumericTensor } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { type Axis, along, type Held, type Product, type Resized, type Side } from "../../operators/units.ts";
import type { Constants } from "./constants.ts";
import { liveIndices } from "./dead.ts";
import { type Flow, heldIn } from "./flow.ts";
import { countOf, numbering, type Selection, selectUnits } from "./weights.ts";

/** What becomes of a network whose units are removed. */
export interface Take {
  /** What is left of an initializer: a shorter one, or one that is neutral elsewhere. */
  tensor(whole: FloatTensor, left: Selection, neutral: number): FloatTensor;
  /** True where shapes get smaller, and nodes that name sizes get the new ones. */
  readonly smaller: boolean;
}

/** The model without some units: their weights taken out, biases with the constants folded in. */
export function withoutUnits(
  annotated: TypedModel,
  flow: Flow,
  constants: Constants,
  dead: ReadonlySet<number>,
  take: Take,
): Model {
  const { units, links } = flow;
  const model = copyModel(annotated);
  const added: Held[] = [];
  for (const [node, { products = [] }] of links) for (const product of products) fold(node, product);
  for (const held of [...heldIn(flow), ...added]) shorten(held);
  if (take.smaller) for (const [node, { resized }] of links) if (resized) resize(node, resized(left));
  return model;

  function left(axis: Axis, first = 0, end = Number.POSITIVE_INFINITY): number {
    return liveIndices(flow, dead, axis)?.filter((index) => index >= first && index < end).length ?? 0;
  }

  /** Which units of a side are left; undefined where all are. */
  function keptOf({ units: axis }: Side): Uint8Array | undefined {
    const carried = units.of(axis);
    return carried?.some((unit) => dead.has(unit))
      ? Uint8Array.from(carried, (unit) => (dead.has(unit) ? 0 : 1))
      : undefined;
  }

  function shorten(held: Held): void {
    const tensor = model.initializers.get(held.initializer);
    if (!isFloat32(tensor) || !held.sides.some(keptOf)) return;
    model.initializers.set(held.initializer, take.tensor(tensor, selectUnits(tensor, held, keptOf), held.neutral ?? 0));
  }

  /** b' = b + sum over the removed inputs of w c. */
  function fold(node: Node, product: Product): void {
    const [makes] = product.makes;
    const weights = annotated.initializers.get(product.initializer);
    if (!product.fold || !makes || !isFloat32(weights)) return;
    const sums = new Map<number, number[]>();
    for (const reads of product.reads) {
      const numbers = constants.of(reads.units) ?? [];
      const gone = (units.of(reads.units) ?? []).map(
        (unit, i) => dead.has(unit) && Number.isFinite(numbers[i]) && numbers[i] !== 0,
      );
      if (!gone.includes(true)) continue;
      const [outputAt, inputAt] = [numbering(product.view, makes), numbering(product.view, reads)];
      for (const [i, w] of weights.data.entries()) {
        const input = inputAt(i);
        if (w === 0 || !gone[input]) continue;
        const output = outputAt(i);
        const terms = sums.get(output);
        if (terms) terms.push(w * numbers[input]);
        else sums.set(output, [w * numbers[input]]);
      }
    }
    if (sums.size === 0) return;
    const name = "bias" in product.fold ? product.fold.bias : `${product.initializer}/folded-bias`;
    const own = model.initializers.get(name);
    const bias = isFloat32(own) ? copyOf(own) : float32([countOf(product.view, makes)]);
    for (const [output, terms] of sums) for (const term of terms) bias.data[output] += term;
    model.initializers.set(name, bias);
    if ("bias" in product.fold) return;
    added.push(along(name, bias.dims, [makes.units]));
    replace(node, (inputs) => [...inputs.slice(0, 2), name]);
  }

  function replace(node: Node, inputs: (before: readonly string[]) => string[], attributes = node.attributes): void {
    const at = model.nodes.findIndex(({ outputs }) => outputs.join() === node.outputs.join());
    const current = model.nodes[at];
    model.nodes[at] = { ...current, inputs: inputs(current.inputs), attributes };
  }

  /** Where a node alone reads a constant, it is changed in its place. */
  function resize(node: Node, { attributes = node.attributes, constants = new Map() }: Resized): void {
    const names = new Map(Array.from(constants, ([input, tensor]) => [input, nameOf(node, input, tensor)]));
    replace(
      node,
      (inputs) => {
        const length = Math.max(inputs.length, ...Array.from(names.keys(), (input) => input + 1));
        return Array.from({ length }, (_, i) => names.get(i) ?? inputs[i] ?? "");
      },
      attributes,
    );
  }

  function nameOf({ inputs, outputs }: Node, input: number, tensor: NumericTensor): string {
    const name = inputs[input] ?? "";
    const readers = model.nodes.filter((node) => node.inputs.includes(name)).length;
    if (!model.initializers.has(name) || readers > 1)
      return new GraphBuilder(model).initializer(`${outputs[0]}/sizes`, tensor);
    model.initializers.set(name, tensor);
    return name;
  }
}
