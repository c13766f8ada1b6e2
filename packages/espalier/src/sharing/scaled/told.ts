import { attribute } from "../../onnx/attributes.ts";
import type { Model, Node } from "../../onnx/graph.ts";
import { inlineFunctions } from "../../onnx/inline.ts";
import { withLiftedConstants } from "../../onnx/simplify/constants.ts";
import { withUniqueNames } from "../../onnx/simplify/names.ts";
import { numbersOf } from "../../onnx/simplify/numbers.ts";
import type { Tensor } from "../../onnx/tensor.ts";

/** How the numbers of each channel of a value are spread over real inputs. */
export interface Told {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * What a network tells of the inputs that it was trained on: a BatchNormalization holds the mean and the variance that
 * each channel had before it, so behind it a channel has the mean beta and the deviation |gamma| sqrt(var / (var + eps))
 * (Nagel et al., arXiv 1906.04721). It has to be read before normalizations become part of the layers before them.
 * Statistics that are none are left out: negative variances, and what is not finite.
 * @returns by the name of the normalized value
 */
export function toldBy(source: Model): Map<string, Told> {
  const { nodes, initializers } = withLiftedConstants(withUniqueNames(inlineFunctions(source)));
  return new Map(
    nodes.flatMap((node) => {
      const told = toldOf(node, initializers);
      return told ? [[node.outputs[0], told] as const] : [];
    }),
  );
}

function toldOf(node: Node, initializers: ReadonlyMap<string, Tensor>): Told | undefined {
  if (node.op !== "BatchNormalization" || node.domain !== "") return undefined;
  if (attribute(node, "int", "training_mode", 0) !== 0 || attribute(node, "int", "spatial", 1) !== 1) return undefined;
  const [gamma, mean, running, variance] = node.inputs.slice(1).map((name) => numbersOf(initializers.get(name)));
  if (!gamma || !mean || !running || !variance) return undefined;
  const isKnown = [gamma, mean, running, variance].every(
    (numbers) => numbers.length === gamma.length && numbers.every((x) => Math.abs(x) < LARGEST),
  );
  if (!isKnown || variance.some((own) => own < 0)) return undefined;
  const epsilon = attribute(node, "float", "epsilon", 1e-5);
  // A channel that never changed has none, whatever is added to it.
  const kept = variance.map((own) => (own > 0 ? own / (own + Math.max(0, epsilon)) : 0));
  return { mean, deviation: gamma.map((own, c) => Math.abs(own) * Math.sqrt(kept[c])) };
}

/** Numbers beyond are no statistics of anything. */
const LARGEST = 1e30;
