import { type Model, type Node, producers } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { countCodes } from "../operators/quantized/codes.ts";
import { quantizedLayersOf } from "../operators/quantized/layers.ts";
import { readsThroughViews } from "../operators/roles.ts";

/** Types that weights are held in, among them those of quantized ones that no operator here is known to read. */
const HELD = new Set(["float32", "float16", "bfloat16", "float64", "int8", "uint8", "int4", "uint4"]);

/**
 * What of a network's weights is not treated, in sentences with its share: matrices that no layer reads, layers whose
 * weights are whole numbers already, and layers in graphs inside where these are not looked into.
 * @param model in its trainable form
 * @param nested whether layers in graphs inside are treated
 * @param quantized whether layers of whole numbers are
 */
export function untreated(model: Model, nested: boolean, quantized = false): string[] {
  const layers = layersOf(model, { nested: true });
  const coded = quantizedLayersOf(model);
  const others = outsideLayers(model, layers, new Set(coded.map(({ weight }) => weight)));
  const sizeOfCoded = sum(coded.map(({ codes }) => countCodes(codes)));
  const all = sum([...layers.map(({ tensor }) => tensor.data.length), ...others.map(({ size }) => size), sizeOfCoded]);
  const inside = nested ? [] : layers.filter(({ within }) => within !== undefined);
  const share = (size: number) => `${((100 * size) / all).toFixed(1)}% of the weights`;
  return [
    ...(inside.length > 0
      ? [
          `${share(sum(inside.map(({ tensor }) => tensor.data.length)))} lie in graphs inside (${[...new Set(inside.map(({ within }) => within?.op))].join(", ")}) and stay as they are: ${listed(inside.map(({ name }) => name))}; an input that decides between them can be fixed.`,
        ]
      : []),
    ...(coded.length > 0 && !quantized
      ? [
          `${share(sizeOfCoded)} are quantized (${[...new Set(coded.map(({ codes }) => codes.tensor.dtype))].join(", ")}) and stay as they are: ${listed(coded.map(({ name }) => name))}.`,
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
function outsideLayers(model: Model, layers: readonly Layer[], coded: ReadonlySet<string>): Other[] {
  const flat = flattened(model);
  const reads = readsThroughViews(flat);
  const makers = producers(flat);
  const known = new Set(layers.flatMap(({ weight, parameters }) => [weight, ...parameters]));
  return [...model.initializers].flatMap(([name, tensor]) => {
    const reader = reads.get(name)?.[0]?.node;
    const isMatrix = HELD.has(tensor.dtype) && tensor.dims.filter((size) => size > 1).length > 1;
    if (!reader || !isMatrix || known.has(name) || coded.has(name) || isPart(reader)) return [];
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
