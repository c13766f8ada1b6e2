import { attribute, float } from "../attributes.ts";
import { copyModel, type Graph, type Model, type Node } from "../graph.ts";
import { readsOf } from "../live.ts";
import { allNodes, allOutputs, mapGraphs } from "../nested.ts";
import { type NumericTensor, sizeOf } from "../tensor.ts";
import { inType, numbersOf } from "./numbers.ts";
import { rankFinder } from "./rank.ts";

/** What a normalization does to each channel: y = scale x + shift. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** What takes the place of a layer and its normalization. */
interface Fused {
  readonly nodes: readonly Node[];
  readonly tensors: ReadonlyMap<string, NumericTensor>;
}

/**
 * The model with each BatchNormalization as part of the layer before it, where that is possible: y = s (W x + b - mean)
 * + beta with s = gamma / sqrt(var + eps) is (s W) x + s (b - mean) + beta. The layer is a Conv, a ConvTranspose, a Gemm
 * or a MatMul, with constants that nothing else reads and an output that only the normalization reads.
 */
export function withFoldedNormalization(model: Model): { readonly model: Model; readonly count: number } {
  const initializers = new Map(model.initializers);
  const rankOf = rankFinder(model);
  const outputs = allOutputs(model);
  const reads = new Map<string, number>();
  for (const name of allNodes(model).flatMap(readsOf)) reads.set(name, (reads.get(name) ?? 0) + 1);
  const once = (name: string) => reads.get(name) === 1 && !outputs.has(name);
  const own = (name: string | undefined) => (name && once(name) ? numbersOf(initializers.get(name)) : undefined);
  let count = 0;
  const changed = mapGraphs(copyModel(model), (graph) => ({ ...graph, nodes: fusedIn(graph) }));
  return { model: { ...changed, initializers }, count };

  function fusedIn({ nodes }: Graph): Node[] {
    const left = [...nodes];
    const place = new Map(nodes.flatMap((node, i) => node.outputs.map((output) => [output, i] as const)));
    for (const [i, node] of nodes.entries()) {
      const affine = affineOf(node);
      const at = place.get(node.inputs[0]);
      if (!affine || at === undefined || !once(node.inputs[0])) continue;
      const fused = fuse(left[at], node, affine, (name) => {
        const before = place.get(name);
        return before === undefined || !once(name) ? undefined : left[before];
      });
      if (!fused) continue;
      const [layer, ...behind] = fused.nodes;
      left[at] = layer;
      left[i] = behind[0] ?? nothing;
      for (const [name, tensor] of fused.tensors) initializers.set(name, tensor);
      place.set(fused.nodes[fused.nodes.length - 1].outputs[0], behind.length === 0 ? at : i);
      count++;
    }
    return left.filter((node) => node !== nothing);
  }

  /** What a BatchNormalization of constants does outside of training. */
  function affineOf(node: Node): Affine | undefined {
    const { op, domain, inputs } = node;
    if (op !== "BatchNormalization" || domain !== "" || node.outputs.slice(1).some((name) => name !== "")) return;
    if (attribute(node, "int", "training_mode", 0) !== 0 || attribute(node, "int", "spatial", 1) !== 1) return;
    const [gamma, beta, mean, variance] = inputs.slice(1).map((name) => numbersOf(initializers.get(name)));
    if (!gamma || !beta || !mean || !variance) return;
    const epsilon = attribute(node, "float", "epsilon", 1e-5);
    const scale = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon));
    return { scale, shift: beta.map((b, c) => b - mean[c] * scale[c]) };
  }

  function fuse(
    layer: Node,
    normalization: Node,
    affine: Affine,
    makerOf: (name: string) => Node | undefined,
  ): Fused | undefined {
    if (layer.domain !== "") return undefined;
    switch (layer.op) {
      case "Conv":
      case "ConvTranspose":
      case "Gemm":
        return withBias(layer, normalization, affine);
      case "MatMul":
        return withSum(layer, normalization, affine);
      case "Add": {
        const [made] = layer.inputs.filter((name) => !initializers.has(name));
        const product = made === undefined ? undefined : makerOf(made);
        return product?.op === "MatMul" && product.domain === ""
          ? intoSum(product, layer, normalization, affine)
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Weights and bias of a layer that has an input for the bias. */
  function withBias(layer: Node, { inputs, outputs: [output] }: Node, affine: Affine): Fused | undefined {
    const [data, weight, given] = layer.inputs;
    const { scale, shift } = affine;
    const channels = channelsOf(layer, weight);
    const tensor = scaled(weight, channels, scale);
    if (!tensor || (layer.op === "Gemm" && attribute(layer, "float", "beta", 1) !== 1 && given)) return undefined;
    const before = given ? biasOf(given, scale.length) : new Float64Array(scale.length);
    // A bias that others read too becomes another, the normalization's own where that is free.
    const name = given && own(given) ? given : own(inputs[2]) ? inputs[2] : `${output}/bias`;
    const bias =
      before &&
      inType(
        tensor.dtype,
        [scale.length],
        before.map((b, c) => b * scale[c] + shift[c]),
      );
    if (!bias) return undefined;
    const attributes = layer.op === "Gemm" ? { ...layer.attributes, beta: float(1) } : layer.attributes;
    const fused = { ...layer, attributes, inputs: [data, weight, name], outputs: [output] };
    return { nodes: [fused], tensors: new Map([...named(weight, tensor), ...named(name, bias)]) };
  }

  /** A product of [rows, columns] has no bias: the normalization becomes a sum. */
  function withSum(product: Node, normalization: Node, { scale, shift }: Affine): Fused | undefined {
    const [, weight] = product.inputs;
    if (rankOf(product.outputs[0]) !== 2 || dimsOf(weight).length !== 2) return undefined;
    const tensor = scaled(weight, (i) => i % scale.length, scale);
    const bias = tensor && inType(tensor.dtype, [scale.length], shift);
    if (!bias || dimsOf(weight)[1] !== scale.length) return undefined;
    const name = own(normalization.inputs[2]) ? normalization.inputs[2] : `${normalization.outputs[0]}/bias`;
    const sum = { ...normalization, op: "Add", attributes: {}, inputs: [product.outputs[0], name] };
    return { nodes: [product, sum], tensors: new Map([...named(weight, tensor), ...named(name, bias)]) };
  }

  /** A product and the sum behind it. */
  function intoSum(product: Node, sum: Node, { outputs: [output] }: Node, { scale, shift }: Affine): Fused | undefined {
    const [, weight] = product.inputs;
    const name = sum.inputs.find((input) => initializers.has(input));
    if (!name || rankOf(product.outputs[0]) !== 2 || dimsOf(weight).length !== 2) return undefined;
    const before = own(name) && biasOf(name, scale.length);
    const tensor = dimsOf(weight)[1] === scale.length ? scaled(weight, (i) => i % scale.length, scale) : undefined;
    const bias =
      before &&
      tensor &&
      inType(
        tensor.dtype,
        [scale.length],
        before.map((b, c) => b * scale[c] + shift[c]),
      );
    if (!bias) return undefined;
    return {
      nodes: [{ ...sum, outputs: [output] }],
      tensors: new Map([...named(weight, tensor), ...named(name, bias)]),
    };
  }

  /** Weights times the scale of the channel that each makes. */
  function scaled(weight: string, channel: (index: number) => number, scale: Float64Array): NumericTensor | undefined {
    const numbers = own(weight);
    const tensor = initializers.get(weight);
    if (!numbers || tensor === undefined || tensor.dtype === "string") return undefined;
    return inType(
      tensor.dtype,
      tensor.dims,
      numbers.map((w, i) => w * scale[channel(i)]),
    );
  }

  /** The numbers that are added to each channel, where they are such: C of a Gemm may be of other shapes. */
  function biasOf(name: string, channels: number): Float64Array | undefined {
    const numbers = numbersOf(initializers.get(name));
    if (!numbers || dimsOf(name).at(-1) !== channels || numbers.length !== channels) return undefined;
    return numbers;
  }

  function dimsOf(name: string): readonly number[] {
    return initializers.get(name)?.dims ?? [];
  }

  /** The channel that each weight of a layer makes. */
  function channelsOf(layer: Node, weight: string): (index: number) => number {
    const dims = dimsOf(weight);
    const block = sizeOf(dims.slice(1));
    if (layer.op === "Conv") return (i) => Math.floor(i / block);
    if (layer.op === "Gemm") {
      return attribute(layer, "int", "transB", 0) === 1 ? (i) => Math.floor(i / dims[1]) : (i) => i % dims[1];
    }
    const perGroup = dims[0] / attribute(layer, "int", "group", 1);
    const kernel = sizeOf(dims.slice(2));
    return (i) => Math.floor(i / block / perGroup) * dims[1] + (Math.floor(i / kernel) % dims[1]);
  }
}

/** Stands for a node that is gone. */
const nothing: Node = { name: "", op: "", domain: "", inputs: [], outputs: [], attributes: {} };

const named = (name: string, tensor: NumericTensor) => [[name, tensor] as const];
