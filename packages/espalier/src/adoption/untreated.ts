import { type Model, type Node, producers } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { readsThroughViews } from "../operators/roles.ts";

/** Types that weights are held in, among them those of quantized ones. */
const HELD = new Set(["float32", "float16", "bfloat16", "float64", "int8", "uint8", "int4", "uint4"]);

/**
 * What of a network's weights is not treated, in sentences with its share: matrices that no layer reads, and layers in
 * graphs inside where these are not looked into.
 * @param model in its trainable form
 * @param nested whether layers in graphs inside are treated
 */
export function untreated(model: Model, nested: boolean): string[] {
  const layers = layersOf(model, { nested: true });
  const others = outsideLayers(model, layers);
  const all = layers.reduce((sum, { tensor }) => sum + tensor.data.length, 0) + sum(others.map(({ size }) => size));
  const inside = nested ? [] : layers.filter(({ within }) => within !== undefined);
  const share = (size: number) => `${((100 * size) / all).toFixed(1)}% of the weights`;
  return [
    ...(inside.length > 0
      ? [
          `${share(sum(inside.map(({ tensor }) => tensor.data.length)))} lie in graphs inside (${[...new Set(inside.map(({ within }) => within?.op))].join(", ")}) and stay as they are: ${listed(inside.map(({ name }) => name))}; an input that decides between them can be fixed.`,
        ]
      : []),
    ...(others.length > 0
      ? [
          `${share(sum(others.map(({ size }) => size)))} are in no layer and stay as they are: ${listed(others.map(({ name, op }) => `${name} (${op})`))}.`,
        ]
      : []),
  ];
}

interface Other {
  readonly name: string;
  readonly op: string;
  readonly size: number;
}

/** The matrices of a network that are no layer's weights. */
function outsideLayers(model: Model, layers: readonly Layer[]): Other[] {
  const flat = flattened(model);
  const reads = readsThroughViews(flat);
  const makers = producers(flat);
  const known = new Set(layers.flatMap(({ weight, parameters }) => [weight, ...parameters]));
  return [...model.initializers].flatMap(([name, tensor]) => {
    const reader = reads.get(name)?.[0]?.node;
    const isMatrix = HELD.has(tensor.dtype) && tensor.dims.filter((size) => size > 1).length > 1;
    if (!reader || !isMatrix || known.has(name) || isPart(reader)) return [];
    return [{ name, op: reader.op, size: sizeOf(tensor.dims) }];
  });

  /** Returns true for what puts the weights of a layer together of several. */
  function isPart({ op, outputs }: Node): boolean {
    return (
      op === "Concat" &&
      layers.some(({ node, operand }) => node.inputs[operand] === outputs[0] && makers.has(outputs[0]))
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Some names, the first few of many. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
