import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { inheritTypes } from "../../engine/probe-once.ts";
import { attribute } from "../../onnx/attributes.ts";
import { copyModel, lookup, type Model } from "../../onnx/graph.ts";
import { float32 } from "../../onnx/tensor.ts";
import { type TypedModel, typedModel } from "../../onnx/typed.ts";
import { layersOf } from "../../operators/layers.ts";
import { constantsOf } from "./constants.ts";
import { deadUnits, liveIndices } from "./dead.ts";
import { type Flow, flowOf, productsIn, withOwnBiases } from "./flow.ts";
import { countOf } from "./weights.ts";
import { type Take, withoutUnits } from "./without.ts";

/** A network without its dead units. */
export interface Removal {
  /** The smaller network; its outputs are the same. */
  readonly model: Model;
  /** Units of each layer before and after. */
  readonly layers: readonly { readonly name: string; readonly before: number; readonly after: number }[];
}

/** Tensors of what is left. */
export const kept: Take = {
  smaller: true,
  tensor: ({ data }, { places, dims }) =>
    float32(
      dims,
      Float32Array.from(places, (place) => data[place]),
    ),
};

export interface RemovalOptions {
  /** Makes tensors shorter. */
  readonly take?: Take;
  /** Whether a layer without a bias may get one, to take the constants of removed units up. */
  readonly addBiases?: boolean;
  /** Whether nodes may change that name sizes; else what they name stays. */
  readonly resizing?: boolean;
}

/**
 * Removes dead units and all that hangs on them (Han et al., NIPS 2015, section 3.5): those that nothing live reads,
 * and those that no live connection reaches, whose constant output goes into the biases of the layers behind them.
 * What is removed may leave others dead, so it goes on until nothing is. Each layer keeps at least one unit.
 * @param engine finds the shapes of the values in between
 */
export async function removeDeadUnits(
  engine: Engine,
  source: Model,
  { take = kept, addBiases = true, resizing = true }: RemovalOptions = {},
): Promise<Removal> {
  const annotated = await annotate(engine, source, { batch: 1 });
  const follow = (typed: TypedModel) => {
    const flow = flowOf(typed, { resizing });
    return addBiases ? flow : withOwnBiases(flow);
  };
  let model = annotated;
  for (;;) {
    const flow = follow(model);
    const constants = constantsOf(model, flow);
    const dead = deadUnits(model, flow, constants);
    if (dead.size === 0) break;
    model = resized(withoutUnits(model, flow, constants, dead, take), flow, dead);
  }
  const names = new Map(layersOf(source).map(({ name, weight }) => [weight, name]));
  const before = unitsOf(follow(annotated));
  const layers = Array.from(unitsOf(follow(model)), ([weight, after]) => {
    return { name: names.get(weight) ?? weight, before: before.get(weight) ?? after, after };
  });
  const { nodes, initializers } = model;
  const inputs = source.inputs.map((input) => {
    const tensor = initializers.get(input.name);
    return tensor ? { ...input, shape: tensor.dims } : input;
  });
  // Declared shapes of values in between no longer hold.
  const smaller = { ...copyModel(source), nodes, initializers, inputs, values: new Map() };
  const [wholeTypes, smallerTypes] = [lookup(annotated), lookup(model)];
  inheritTypes(engine, source, smaller, (value, { dtype, dims }) => {
    const [was, is] = [wholeTypes, smallerTypes].map(({ type }) => type(value).dims);
    // Whatever the batch is, an axis of units changes by the same part.
    return { dtype, dims: dims.map((size, axis) => (was[axis] === is[axis] ? size : (size * is[axis]) / was[axis])) };
  });
  return { model: smaller, layers };
}

/** The number of units that each product's weights make. */
function unitsOf(flow: Flow): Map<string, number> {
  return new Map(
    productsIn(flow).map(({ initializer, view, makes }) => [
      initializer,
      makes.reduce((count, side) => count * countOf(view, side), 1),
    ]),
  );
}

/** The types of a model whose units are fewer. */
function resized(model: Model, flow: Flow, dead: ReadonlySet<number>): TypedModel {
  const values = new Map(model.values);
  for (const { value, axis } of flow.units.axes()) {
    const declared = values.get(value);
    const size = liveIndices(flow, dead, { value, axis })?.length;
    if (!declared?.shape || size === undefined) continue;
    values.set(value, { ...declared, shape: declared.shape.map((dim, i) => (i === axis ? size : dim)) });
  }
  // What Concat makes of weights alone, those of recurrent layers that are apart by gate, is not a value with units.
  const weights = new Map(Array.from(model.initializers, ([name, { dims }]) => [name, dims]));
  for (const node of model.nodes) {
    const [output] = node.outputs;
    const declared = values.get(output);
    const isOfWeights = node.inputs.every((input) => weights.has(input));
    if (node.op !== "Concat" || node.domain !== "" || !declared || !isOfWeights) continue;
    const joined = attribute(node, "int", "axis", 0);
    const shapes = node.inputs.map((input) => weights.get(input) ?? []);
    const size = shapes.reduce((sum, shape) => sum + (shape.at(joined) ?? 0), 0);
    const shape = shapes[0].with(joined, size);
    weights.set(output, shape);
    values.set(output, { ...declared, shape });
  }
  return typedModel({ ...model, values });
}
