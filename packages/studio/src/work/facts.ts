import {
  countNonzero,
  countParameters,
  type Layer,
  layersOf,
  type Model,
  preprocessingFor,
  type Tensor,
} from "espalier";
import type { LayerFacts, NetworkFacts } from "../told.ts";
import { givenInputs, nameOf } from "./network.ts";

/** What a network says of itself without being run. */
export function factsOf(model: Model, source: string, bytes: number): NetworkFacts {
  const layers = layersOf(model, { nested: true });
  const { parameters, nonzero } = countParameters(model);
  return {
    name: nameOf(source).replace(/\.(onnx|esp)$/i, ""),
    bytes,
    parameters,
    nonzero,
    opset: model.opsets.get(""),
    producer: model.producer,
    inputs: givenInputs(model).map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: model.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    layers: layers.map(layerFacts),
    kinds: kindsOf(model, layers, bytes),
    preprocessing: statedPreprocessing(model),
  };
}

function layerFacts({ name, node, tensor }: Layer): LayerFacts {
  const [weights, kept] = [tensor.data.length, countNonzero(tensor)];
  return { name, op: node.op, weights, kept, density: weights === 0 ? 1 : kept / weights };
}

const sizeOf = (tensor: Tensor | undefined) => (!tensor || tensor.dtype === "string" ? 0 : tensor.data.byteLength);

/** Bytes of weights by the operator that they belong to, of what else layers have, of other constants and of the graph. */
function kindsOf(model: Model, layers: readonly Layer[], bytes: number): NetworkFacts["kinds"] {
  const kinds = new Map<string, number>();
  const add = (kind: string, more: number) => kinds.set(kind, (kinds.get(kind) ?? 0) + more);
  const counted = new Set<string>();
  for (const { node, weight, tensor } of layers) {
    add(`${node.op} weights`, tensor.data.byteLength);
    counted.add(weight);
  }
  for (const name of layers.flatMap(({ parameters }) => parameters)) {
    if (counted.has(name)) continue;
    counted.add(name);
    add("biases and scales", sizeOf(model.initializers.get(name)));
  }
  for (const [name, tensor] of model.initializers) if (!counted.has(name)) add("other constants", sizeOf(tensor));
  const all = [...kinds.values()].reduce((sum, own) => sum + own, 0);
  if (bytes > all) add("graph", bytes - all);
  return [...kinds]
    .filter(([, own]) => own > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, own]) => ({ kind, bytes: own }));
}

/** How photographs become the input, where the model says so in the form that is known. */
function statedPreprocessing(model: Model) {
  try {
    return preprocessingFor(model);
  } catch {
    return undefined;
  }
}
