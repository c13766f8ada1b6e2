import { attribute } from "../../onnx/attributes.ts";
import { consumers, lookup, type Model, type Node, producers } from "../../onnx/graph.ts";
import { flattened } from "../../onnx/nested.ts";
import type { NumericTensor } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { facetsOf } from "../catalogue.ts";
import { has, type MacsFacet } from "../facets.ts";
import { layerName } from "../layer-names.ts";
import { isView } from "../views.ts";
import { bitsOf, type Codes, holdsCodes } from "./codes.ts";
import { isDequantizing, quantizedFacetsOf } from "./facets.ts";

/** Nodes whose weights are whole numbers with scales: they are looked at, stored and run, and not changed. */
export interface QuantizedLayer {
  /** The name by which the tables call it. */
  readonly name: string;
  /** The first node that uses the weights. */
  readonly node: Node;
  readonly uses: readonly Node[];
  /** Which of the node's inputs brings them. */
  readonly operand: number;
  /** The initializer that holds them. */
  readonly weight: string;
  readonly codes: Codes;
}

interface Found {
  readonly operand: number;
  readonly weight: string;
  readonly codes: Codes;
}

/**
 * The layers of a network whose weights are codes, those in graphs inside too: read through a DequantizeLinear, looked up
 * before one, or by an operator that multiplies codes.
 */
export function quantizedLayersOf(source: Model): QuantizedLayer[] {
  const model = flattened(source);
  const constant = lookup(model).constant;
  const makers = producers(model);
  const readers = consumers(model);
  const layers = new Map<string, QuantizedLayer & { readonly uses: Node[] }>();
  const names = new Set<string>();
  for (const node of model.nodes) {
    for (const { operand, weight, codes } of [...readThrough(node), ...read(node)]) {
      const known = layers.get(weight);
      if (known) {
        if (!known.uses.includes(node)) known.uses.push(node);
        continue;
      }
      const candidates = [layerName(node, weight), node.name, weight];
      const name = candidates.find((each) => each !== "" && !names.has(each)) ?? weight;
      names.add(name);
      layers.set(weight, { name, node, uses: [node], operand, weight, codes });
    }
  }
  return [...layers.values()];

  /** Codes that an operator of the catalogue reads as floats. */
  function readThrough(node: Node): Found[] {
    const facet = facetsOf(node)?.layer;
    if (!facet || !has(facet)) return [];
    return facet.operands(node).flatMap((operand) => {
      const value = node.inputs[operand] ?? "";
      const maker = makers.get(sourceOf(value));
      if (maker && isDequantizing(maker)) return dequantized(operand, maker.inputs[0], maker);
      const scaled = maker && castAndScaled(maker);
      if (scaled) return [{ operand, ...scaled }];
      // A table is looked up first, and what is found is dequantized.
      const behind = node.op === "Gather" ? readers.get(node.outputs[0])?.find(isDequantizing) : undefined;
      return behind ? dequantized(operand, value, behind) : [];
    });
  }

  function dequantized(operand: number, value: string, by: Node): Found[] {
    const weight = sourceOf(value);
    const tensor = constant(weight);
    if (!holdsCodes(tensor) || tensor.dims.length < 2) return [];
    const [axis, block] = [attribute(by, "int", "axis", 1), attribute(by, "int", "block_size", 0)];
    const zero = constant(by.inputs[2] ?? "");
    return [{ operand, weight, codes: { tensor, dims: tensor.dims, bits: bitsOf(tensor), zero, axis, block } }];
  }

  /** Codes that a Cast makes floats of, and a Mul scales, as where nothing else is to be quantized behind them. */
  function castAndScaled({ op, domain, inputs }: Node): Omit<Found, "operand"> | undefined {
    if (op !== "Mul" || domain !== "") return undefined;
    const cast = inputs.map((input) => makers.get(input)).find((maker) => maker?.op === "Cast" && maker.domain === "");
    const weight = cast && sourceOf(cast.inputs[0]);
    const tensor = weight === undefined ? undefined : constant(weight);
    const isScaled = inputs.some((input) => constant(input)?.dtype.startsWith("float"));
    if (weight === undefined || !holdsCodes(tensor) || !isScaled || tensor.dims.length < 2) return undefined;
    const codes = { tensor, dims: tensor.dims, bits: bitsOf(tensor), zero: undefined, axis: 0, block: 0 };
    return { weight, codes };
  }

  /** Codes that an operator multiplies. */
  function read(node: Node): Found[] {
    const facets = quantizedFacetsOf(node);
    if (!facets) return [];
    return facets.operands.flatMap(({ codes: operand, zero, axis }) => {
      const weight = sourceOf(node.inputs[operand] ?? "");
      const tensor = constant(weight);
      if (!holdsCodes(tensor) || tensor.dims.length < 2) return [];
      const packing = facets.packing?.(node, tensor);
      const { bits, dims } = packing ?? { bits: bitsOf(tensor), dims: tensor.dims };
      const zeros = zero === undefined ? undefined : constant(node.inputs[zero] ?? "");
      return [
        { operand, weight, codes: { tensor, dims, bits, zero: zeros, axis: axis?.(node) ?? -1, block: 0, packing } },
      ];
    });
  }

  /** Follows a value back through what only looks at it another way; a Cast makes other codes. */
  function sourceOf(value: string): string {
    let source = value;
    for (let maker = makers.get(source); maker && isView(maker) && maker.op !== "Cast"; maker = makers.get(source)) {
      [source] = maker.inputs;
    }
    return source;
  }
}

/** The biases of such layers that are whole numbers, those in graphs inside too. */
export function quantizedBiases(source: Model): NumericTensor[] {
  const { nodes, initializers } = flattened(source);
  const read = new Set(
    nodes.map((node) => node.inputs[isDequantizing(node) ? 0 : (quantizedFacetsOf(node)?.bias ?? -1)]),
  );
  return [...initializers].flatMap(([name, tensor]) => (tensor.dtype === "int32" && read.has(name) ? [tensor] : []));
}

/** Multiply-accumulate operations of such layers in one run, in all nodes that use their weights. */
export function quantizedMacsOf(annotated: TypedModel, layers: readonly QuantizedLayer[]): number[] {
  const known = lookup(annotated);
  const shape = (value: string) => known.type(value).dims;
  return layers.map(({ operand, codes: { packing }, uses }) =>
    uses.reduce((sum, node) => {
      const dims = packing?.dims ?? shape(node.inputs[operand]);
      return sum + (macsFacetOf(node)?.({ node, operand, dims, shape }) ?? 0);
    }, 0),
  );
}

function macsFacetOf(node: Node): MacsFacet | undefined {
  const macs = facetsOf(node)?.macs;
  return macs && has(macs) ? macs : quantizedFacetsOf(node)?.macs;
}
