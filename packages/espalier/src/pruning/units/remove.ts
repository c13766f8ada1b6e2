import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { inheritTypes } from "../../engine/probe-once.ts";
import { copyModel, lookup, type Model } from "../../onnx/graph.ts";
import { float32 } from "../../onnx/tensor.ts";
import { type TypedModel, typedModel } from "../../onnx/typed.ts";
import { layersOf } from "../../operators/layers.ts";
import { constantsOf } from "./constants.ts";
import { deadUnits, liveIndices, type Take, withOwnBiases, withoutUnits } from "./dead.ts";
import { type Flow, flowOf } from "./flow.ts";

export interface Removal {
  /** The smaller network; its outputs are the same. */
  readonly model: Model;
  /** Units of each layer before and after. */
  readonly layers: readonly { readonly name: string; readonly before: number; readonly after: number }[];
}

/** A tensor of what is left. */
export const kept: Take = ({ data }, { places, dims }) =>
  float32(
    dims,
    Float32Array.from(places, (place) => data[place]),
  );

export interface RemovalOptions {
  /** Makes a tensor shorter. */
  readonly take?: Take;
  /** Whether a layer without a bias may get one, to take the constants of removed units up. */
  readonly addBiases?: boolean;
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
  { take = kept, addBiases = true }: RemovalOptions = {},
): Promise<Removal> {
  const annotated = await annotate(engine, source, { batch: 1 });
  let model = annotated;
  for (;;) {
    const flow = addBiases ? flowOf(model) : withOwnBiases(flowOf(model));
    const constants = constantsOf(model, flow);
    const dead = deadUnits(model, flow, constants);
    if (dead.size === 0) break;
    model = resize(withoutUnits(model, flow, constants, dead, take), flow, dead);
  }
  const names = new Map(layersOf(source).map(({ name, weight }) => [weight, name]));
  const before = new Map(flowOf(annotated).layers.map(({ weight, outputs }) => [weight, outputs]));
  const layers = flowOf(model).layers.map(({ weight, outputs: after }) => {
    return { name: names.get(weight) ?? weight, before: before.get(weight) ?? after, after };
  });
  const { nodes, initializers } = model;
  const inputs = source.inputs.map((input) => {
    const tensor = initializers.get(input.name);
    return tensor ? { ...input, shape: tensor.dims } : input;
  });
  // Declared shapes of values in between no longer hold.
  const smaller = { ...copyModel(source), nodes, initializers, inputs, values: new Map() };
  const [unitsBefore, unitsNow] = [lookup(annotated), lookup(model)].map(
    ({ type }) =>
      (value: string) =>
        type(value).dims[UNITS],
  );
  // A value has its units along one axis, whatever the batch.
  inheritTypes(engine, source, smaller, (value, { dtype, dims }) => {
    const changed = unitsBefore(value) !== unitsNow(value);
    return { dtype, dims: changed ? dims.with(UNITS, unitsNow(value)) : dims };
  });
  return { model: smaller, layers };
}

/** The axis along which a value has its units. */
const UNITS = 1;

/** The declared shapes of values whose units are fewer. */
function resize(model: Model, flow: Flow, dead: ReadonlySet<number>): TypedModel {
  const values = new Map(model.values);
  for (const value of flow.units.values()) {
    const declared = values.get(value);
    if (!declared?.shape) continue;
    const [batch, , ...rest] = declared.shape;
    values.set(value, { ...declared, shape: [batch, liveIndices(flow, dead, value).length, ...rest] });
  }
  return typedModel({ ...model, values });
}
