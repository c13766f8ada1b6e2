import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { copyModel, type Model } from "../../onnx/graph.ts";
import { copyOf, type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import { layersOf } from "../layers.ts";
import { type Constants, constantsOf } from "./constants.ts";
import { type Flow, flowOf, type UnitLayer } from "./flow.ts";
import { isCut, kept } from "./weights.ts";

export interface Removal {
  /** The smaller network; its outputs are the same. */
  readonly model: Model;
  /** Units of each layer before and after. */
  readonly layers: readonly { readonly name: string; readonly before: number; readonly after: number }[];
}

/**
 * Removes dead units and all that hangs on them (Han et al., NIPS 2015, section 3.5): those that nothing live reads,
 * and those that no live connection reaches, whose constant output goes into the biases of the layers behind them.
 * What is removed may leave others dead, so it goes on until nothing is. Each layer keeps at least one unit.
 * @param engine finds the shapes of the values in between
 */
export async function removeDeadUnits(engine: Engine, source: Model): Promise<Removal> {
  const annotated = await annotate(engine, source, { batch: 1 });
  let model = annotated;
  for (;;) {
    const flow = flowOf(model);
    const constants = constantsOf(model, flow);
    const dead = deadUnits(model, flow, constants);
    if (dead.size === 0) break;
    model = without(model, flow, constants, dead);
  }
  const names = new Map(layersOf(source).map(({ name, weight }) => [weight, name]));
  const before = new Map(flowOf(annotated).layers.map(({ weight, outputs }) => [weight, outputs]));
  const layers = flowOf(model).layers.map(({ weight, outputs: after }) => {
    return { name: names.get(weight) ?? weight, before: before.get(weight) ?? after, after };
  });
  // Declared shapes of values in between no longer hold.
  const { nodes, initializers } = model;
  const inputs = source.inputs.map((input) => {
    const tensor = initializers.get(input.name);
    return tensor ? { ...input, shape: tensor.dims } : input;
  });
  return { model: { ...copyModel(source), nodes, initializers, inputs, values: new Map() }, layers };
}

/** The units that can go without any output changing. */
function deadUnits(model: Model, { units, layers }: Flow, constants: Constants): Set<number> {
  const dead = units.free();
  for (const layer of layers) {
    const weights = model.initializers.get(layer.weight);
    for (const [index, unit] of (units.of(layer.input) ?? []).entries()) {
      if (dead.has(unit) && !(isFloat32(weights) && spares(layer, weights, index))) dead.delete(unit);
    }
  }
  for (const value of units.values()) {
    const carried = units.of(value) ?? [];
    if (carried.length > 0 && carried.every((unit) => dead.has(unit))) dead.delete(carried[0]);
  }
  return dead;

  /** Whether a layer does as well without one of its inputs: it is cut off, or holds a constant that can be folded. */
  function spares(layer: UnitLayer, weights: FloatTensor, index: number): boolean {
    const value = constants.get(layer.input)?.[index] ?? Number.NaN;
    if (value === 0 || (layer.foldable && Number.isFinite(value))) return true;
    return Array.from({ length: layer.outputs }, (_, o) => isCut(weights, layer, o, index)).every(Boolean);
  }
}

/** The model without some units: shorter weights, biases with the constants folded in, shorter parameters. */
function without(model: Model, { units, layers, parameters }: Flow, constants: Constants, dead: Set<number>): Model {
  const smaller = copyModel(model);
  const left = (value: string) => (units.of(value) ?? []).flatMap((unit, index) => (dead.has(unit) ? [] : [index]));
  for (const layer of layers) {
    fold(layer);
    const weights = smaller.initializers.get(layer.weight);
    if (!isFloat32(weights)) continue;
    const rows = kept(weights, layer.outputAxis, left(layer.output));
    smaller.initializers.set(layer.weight, kept(rows, 1 - layer.outputAxis, left(layer.input)));
    const name = layer.bias ?? foldedBias(layer);
    const bias = smaller.initializers.get(name);
    if (isFloat32(bias)) smaller.initializers.set(name, kept(bias, bias.dims.length - 1, left(layer.output)));
  }
  for (const { initializer, axis, value } of parameters) {
    const tensor = smaller.initializers.get(initializer);
    if (isFloat32(tensor)) smaller.initializers.set(initializer, kept(tensor, axis, left(value)));
  }
  resize();
  return smaller;

  /** b' = b + sum over the removed inputs of w c. */
  function fold(layer: UnitLayer): void {
    const weights = model.initializers.get(layer.weight);
    const values = constants.get(layer.input) ?? [];
    const gone = (units.of(layer.input) ?? []).flatMap((unit, i) => (dead.has(unit) && values[i] !== 0 ? [i] : []));
    if (!isFloat32(weights) || !layer.foldable || !gone.some((i) => Number.isFinite(values[i]))) return;
    const name = layer.bias ?? foldedBias(layer);
    const own = smaller.initializers.get(name);
    const bias = isFloat32(own) ? copyOf(own) : float32([layer.outputs]);
    for (let output = 0; output < layer.outputs; output++) {
      for (const input of gone.filter((i) => !isCut(weights, layer, output, i))) {
        const start = layer.at(output, input);
        for (let i = start; i < start + layer.block; i++) bias.data[output] += weights.data[i] * values[input];
      }
    }
    smaller.initializers.set(name, bias);
    if (layer.bias) return;
    const { node } = layer;
    smaller.nodes = smaller.nodes.map((own) =>
      own === node ? { ...node, inputs: [...node.inputs.slice(0, 2), name] } : own,
    );
  }

  /** The declared shapes follow. */
  function resize(): void {
    for (const value of units.values()) {
      const declared = smaller.values.get(value);
      if (!declared?.shape) continue;
      const [batch, , ...rest] = declared.shape;
      smaller.values.set(value, { ...declared, shape: [batch, left(value).length, ...rest] });
    }
  }
}

/** The name of the bias that a layer without one receives. */
function foldedBias({ weight }: UnitLayer): string {
  return `${weight}/folded-bias`;
}
