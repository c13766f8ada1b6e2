import { int } from "../../onnx/attributes.ts";
import { copyModel, type Model } from "../../onnx/graph.ts";
import { copyOf, type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import type { Constants } from "./constants.ts";
import type { Flow, UnitLayer } from "./flow.ts";
import type { Units } from "./units.ts";
import { groupOf, isCut, isUnread, type Selection, selectAlong, selectUnits } from "./weights.ts";

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
  keepGroupsEven(dead, units, layers);
  return dead;

  /** Whether a layer does as well without one of its inputs: it is cut off, or holds a constant that can be folded. */
  function spares(layer: UnitLayer, weights: FloatTensor, index: number): boolean {
    const value = constants.get(layer.input)?.[index] ?? Number.NaN;
    if (value === 0 || (layer.foldable && Number.isFinite(value))) return true;
    return isUnread(weights, layer, index);
  }
}

/**
 * The groups of a layer stay of one size: as many units go from each as from the one with the fewest dead, and each
 * keeps one.
 */
function keepGroupsEven(dead: Set<number>, units: Units, layers: readonly UnitLayer[]): void {
  const grouped = layers
    .filter(({ groups }) => groups > 1)
    .flatMap((layer) => [layer.input, layer.output].map((value) => ({ value, groups: layer.groups })));
  for (let before = -1; before !== dead.size; ) {
    before = dead.size;
    for (const { value, groups } of grouped) {
      const carried = units.of(value) ?? [];
      const size = carried.length / groups;
      const gone = Array.from({ length: groups }, (_, group) =>
        carried.slice(group * size, (group + 1) * size).filter((unit) => dead.has(unit)),
      );
      const most = Math.min(size - 1, ...gone.map(({ length }) => length));
      for (const unit of gone.flatMap((group) => group.slice(most))) dead.delete(unit);
    }
  }
}

/** What is left of a tensor: a shorter one, or one that is zero elsewhere. */
export type Take = (tensor: FloatTensor, left: Selection) => FloatTensor;

/** The model without some units: their weights taken out, biases with the constants folded in. */
export function withoutUnits(model: Model, flow: Flow, constants: Constants, dead: Set<number>, take: Take): Model {
  const { units, layers, parameters, channelwise } = flow;
  const smaller = copyModel(model);
  const left = (value: string) => liveIndices(flow, dead, value);
  for (const layer of layers) {
    fold(layer);
    const [outputs, inputs] = [left(layer.output), left(layer.input)];
    if (outputs.length === layer.outputs && inputs.length === layer.inputs) continue;
    shorten(layer.weight, (weights) => selectUnits(layer, weights, outputs, inputs));
    shorten(layer.bias ?? foldedBias(layer), (bias) => selectAlong(bias, bias.dims.length - 1, outputs));
  }
  for (const { initializer, axis, value } of parameters) {
    shorten(initializer, (tensor) => selectAlong(tensor, axis, left(value)));
  }
  // Where each channel has a group of its own, there are as many groups as channels.
  const groups = new Map(channelwise.map((node) => [node, left(node.inputs[0]).length]));
  smaller.nodes = smaller.nodes.map((node) => {
    const group = groups.get(node);
    return group === undefined ? node : { ...node, attributes: { ...node.attributes, group: int(group) } };
  });
  return smaller;

  function shorten(name: string, select: (tensor: FloatTensor) => Selection): void {
    const tensor = smaller.initializers.get(name);
    if (isFloat32(tensor)) smaller.initializers.set(name, take(tensor, select(tensor)));
  }

  /** b' = b + sum over the removed inputs of w c. */
  function fold(layer: UnitLayer): void {
    const weights = model.initializers.get(layer.weight);
    const values = constants.get(layer.input) ?? [];
    const gone = (units.of(layer.input) ?? []).flatMap((unit, i) => (dead.has(unit) && values[i] !== 0 ? [i] : []));
    if (!isFloat32(weights) || !layer.foldable || !gone.some((i) => Number.isFinite(values[i]))) return;
    const name = layer.bias ?? foldedBias(layer);
    const own = smaller.initializers.get(name);
    const bias = isFloat32(own) ? copyOf(own) : float32([layer.outputs]);
    for (const input of gone) {
      const [first, end] = groupOf(input, layer.inputs, layer.outputs, layer.groups);
      for (let output = first; output < end; output++) {
        if (isCut(weights, layer, output, input)) continue;
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
