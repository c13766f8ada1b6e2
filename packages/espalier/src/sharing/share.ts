import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { layersOf, selectLayers } from "../operators/layers.ts";
import { random } from "../random.ts";
import { type Parameters, withParameters } from "../training/parameters.ts";
import { checkBits, type MethodName, type MethodOptions, methods } from "./methods.ts";
import { checkFinite, denseOf, type SharedTensor } from "./shared.ts";

/** A network's shared tensors by the name of their parameter. */
export type Sharing = ReadonlyMap<string, SharedTensor>;

/** Bits for the codes of each parameter that is to be shared, by the parameter's name. */
export type Bits = ReadonlyMap<string, number>;

export interface ShareOptions extends Omit<MethodOptions, "importance"> {
  /** Default "kmeans". */
  readonly method?: MethodName;
  /** For the random initialization. */
  readonly seed: number;
  /** Of the method "entropy": how much the error of each weight counts, by parameter. */
  readonly importance?: Parameters;
}

/** Shares the weights of some parameters; the others stay as they are. */
export function share(model: Model, bits: Bits, { method = "kmeans", seed, ...options }: ShareOptions): Sharing {
  const shared = new Map<string, SharedTensor>();
  for (const [name, own] of bits) {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor)) continue;
    checkFinite(name, tensor);
    const importance = options.importance?.get(name)?.data;
    shared.set(
      name,
      methods[method](tensor, { ...options, importance, bits: own, random: random(seed, "share", name) }),
    );
  }
  return shared;
}

/** The network with shared values written out: the form that runs everywhere. */
export function withShared(model: Model, sharing: Sharing): Model {
  return withParameters(model, new Map(Array.from(sharing, ([name, shared]) => [name, denseOf(shared)])));
}

/**
 * The bits of layers that are named or fit a glob; the last pattern that fits a layer counts, and layers that none fits
 * are not shared.
 * @param biases bits for the biases of the layers that are shared; left out: biases stay as they are
 * @param options whether layers in graphs inside count
 * @throws UserError for an unknown layer, or bits that no code has
 */
export function bitsFor(
  model: Model,
  patterns: readonly (readonly [pattern: string, bits: number])[],
  biases?: number,
  { nested = false }: { readonly nested?: boolean } = {},
): Map<string, number> {
  const layers = layersOf(model, { nested });
  const bits = new Map<string, number>();
  for (const [pattern, own] of patterns) {
    checkBits(own, pattern);
    for (const { weight } of selectLayers(layers, pattern)) bits.set(weight, own);
  }
  if (biases === undefined) return bits;
  checkBits(biases, "biases");
  for (const { weight, bias } of layers) if (bias && bits.has(weight)) bits.set(bias, biases);
  return bits;
}
