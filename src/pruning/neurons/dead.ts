import { copyModel, type Model } from "../../onnx/graph.ts";
import { copyOf, type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import type { Constants } from "./constants.ts";
import type { Flow, UnitLayer } from "./flow.ts";
import { isCut } from "./weights.ts";

/** The units that can go without any output changing. */
export function deadUnits(model: Model, { units, layers }: Flow, constants: Constants): Set<number> {
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

/** The tensor with only some indices of an axis left: shorter, or zero elsewhere. */
export type Take = (tensor: FloatTensor, axis: number, indices: readonly number[]) => FloatTensor;

/** The model without some units: their weights taken out, biases with the constants folded in. */
export function withoutUnits(model: Model, flow: Flow, constants: Constants, dead: Set<number>, take: Take): Model {
  const { units, layers, parameters } = flow;
  const smaller = copyModel(model);
  const left = (value: string) => liveIndices(flow, dead, value);
  for (const layer of layers) {
    fold(layer);
    const weights = smaller.initializers.get(layer.weight);
    if (!isFloat32(weights)) continue;
    const rows = take(weights, layer.outputAxis, left(layer.output));
    smaller.initializers.set(layer.weight, take(rows, 1 - layer.outputAxis, left(layer.input)));
    const name = layer.bias ?? foldedBias(layer);
    const bias = smaller.initializers.get(name);
    if (isFloat32(bias)) smaller.initializers.set(name, take(bias, bias.dims.length - 1, left(layer.output)));
  }
  for (const { initializer, axis, value } of parameters) {
    const tensor = smaller.initializers.get(initializer);
    if (isFloat32(tensor)) smaller.initializers.set(initializer, take(tensor, axis, left(value)));
  }
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
}

/** The flow in which a layer without a bias takes no constant up: it has no parameter for it. */
export function withOwnBiases(flow: Flow): Flow {
  return {
    ...flow,
    layers: flow.layers.map((layer) => ({
      ...layer,
      foldable: layer.foldable && layer.bias !== undefined,
    })),
  };
}

/** Where the live units of a value are on its channel axis. */
export function liveIndices({ units }: Flow, dead: ReadonlySet<number>, value: string): number[] {
  return (units.of(value) ?? []).flatMap((unit, index) => (dead.has(unit) ? [] : [index]));
}

/** The name of the bias that a layer without one receives. */
function foldedBias({ weight }: UnitLayer): string {
  return `${weight}/folded-bias`;
}
